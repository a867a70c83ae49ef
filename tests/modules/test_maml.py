"""MAML and Meta-SGD with one clone for each task."""

import pytest
import torch
from torch import nn
from torch.func import functional_call

from mlrun.modules import MAML, MetaSGD, Reptile
from tests.modules.models import data, gradients, loss, make

WRAPPERS = {
    "second order": lambda model: MAML(model, lr=0.1),
    "first order": lambda model: MAML(model, lr=0.1, first_order=True),
    "tensor rate": lambda model: MAML(model, lr=torch.tensor(0.1, dtype=torch.float64)),
    "rates": lambda model: MetaSGD(model, lr=0.1),
    "rates, first order": lambda model: MetaSGD(model, lr=0.1, first_order=True),
}


def meta_loss(wrapper, steps=2):
    """The summed evaluation loss of adapted clones, in the way that a user writes it."""
    total = torch.zeros((), dtype=torch.float64)
    for inputs, targets in zip(*data(), strict=True):
        clone = wrapper.clone()
        for _ in range(steps):
            clone.adapt(loss(clone(inputs), targets))
        total = total + loss(clone(inputs + 0.1), targets)
    return total


def one_step(wrapper, inputs, targets):
    """The parameters of a clone after one step, by name."""
    clone = wrapper.clone()
    clone.adapt(loss(clone(inputs), targets))
    return dict(clone.module.named_parameters())


def reference(wrapper, values, rates, steps=2):
    """The same loss as `meta_loss`, written from equation 1 without our code. Values and rates are by name."""
    total = torch.zeros((), dtype=torch.float64)
    for inputs, targets in zip(*data(), strict=True):
        phi = values
        for _ in range(steps):
            value = loss(functional_call(wrapper.module, phi, (inputs,)), targets)
            grads = torch.autograd.grad(value, list(phi.values()), create_graph=True)
            constant = [grad.detach() if wrapper.first_order else grad for grad in grads]
            phi = {name: phi[name] - rates[name] * grad for name, grad in zip(phi, constant, strict=True)}
        total = total + loss(functional_call(wrapper.module, phi, (inputs + 0.1,)), targets)
    return total


@pytest.mark.parametrize("model", ["perceptron", "normalised", "recurrent", "branching"])
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_meta_gradients_equal_a_reference(model, wrapper):
    wrapper = WRAPPERS[wrapper](make(model))
    values = dict(wrapper.module.named_parameters())
    rates = dict(zip(values, wrapper.lrs, strict=True)) if isinstance(wrapper, MetaSGD) else dict.fromkeys(values, 0.1)
    expected = torch.autograd.grad(reference(wrapper, values, rates), list(wrapper.parameters()))
    meta_loss(wrapper).backward()
    for parameter, gradient in zip(wrapper.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("model", ["perceptron", "tied", "convolutional", "recurrent"])
@pytest.mark.parametrize("kind", [MAML, MetaSGD])
def test_meta_gradients_equal_finite_differences(model, kind):
    wrapper = kind(make(model), lr=0.1)
    meta_loss(wrapper).backward()
    for name, parameter in wrapper.named_parameters():
        direction = torch.randn_like(parameter)
        difference = 0.0
        for sign in (1, -1):
            with torch.no_grad():
                parameter.add_(direction, alpha=sign * 1e-5)
            difference += sign * float(meta_loss(wrapper).detach()) / 2e-5
            with torch.no_grad():
                parameter.sub_(direction, alpha=sign * 1e-5)
        assert parameter.grad is not None
        assert float((parameter.grad * direction).sum()) == pytest.approx(difference, rel=1e-5, abs=1e-8), name


@pytest.mark.parametrize("kind", [MAML, MetaSGD])
def test_meta_gradients_reach_the_model_and_clones_do_not_change_it(kind):
    model = make("perceptron")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    wrapper = kind(model, lr=0.1)
    meta_loss(wrapper).backward()
    assert set(gradients(model)) == set(before)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert [id(p) for p in wrapper.module.parameters()] == [id(p) for p in model.parameters()]


@pytest.mark.parametrize("kind", [MAML, MetaSGD])
def test_a_clones_parameters_are_the_adapted_tensors(kind):
    wrapper = kind(make("perceptron"), lr=0.1)
    (inputs, *_), (targets, *_) = data()
    clone = wrapper.clone()
    clone.adapt(loss(clone(inputs), targets))
    adapted = list(clone.parameters())
    assert len(adapted) == len(list(wrapper.module.parameters()))
    assert all(not tensor.is_leaf and tensor.requires_grad for tensor in adapted)
    assert not any(torch.equal(new, old) for new, old in zip(adapted, wrapper.parameters(), strict=False))


def test_settings_of_a_clone_and_of_a_step_replace_those_of_the_wrapper():
    (inputs, *_), (targets, *_) = data()

    def gradient(made, cloned, stepped):
        model = make("perceptron")
        clone = MAML(model, 0.1, first_order=made).clone(first_order=cloned)
        clone.adapt(loss(clone(inputs), targets), first_order=stepped)
        loss(clone(inputs), targets).backward()
        return gradients(model)["0.weight"]

    first, second = gradient(True, None, None), gradient(False, None, None)
    assert not torch.allclose(first, second)
    for settings, expected in (
        ((False, True, None), first),
        ((True, None, False), second),
        ((True, False, True), first),
    ):
        torch.testing.assert_close(gradient(*settings), expected)


def test_a_clone_of_a_clone_starts_from_it_and_adapts_separately():
    model = make("tied")
    (inputs, *_), (targets, *_) = data()
    first = MAML(model, lr=0.1).clone()
    first.adapt(loss(first(inputs), targets))
    second = first.clone()
    torch.testing.assert_close(second(inputs), first(inputs))
    kept = first(inputs)
    second.adapt(loss(second(inputs), targets))
    torch.testing.assert_close(first(inputs), kept)
    loss(second(inputs), targets).backward()
    assert set(gradients(model)) == {name for name, _ in model.named_parameters()}


def test_the_rate_can_be_a_tensor_that_learns():
    rate = torch.tensor(0.1, requires_grad=True)
    meta_loss(MAML(make("perceptron"), lr=rate)).backward()
    assert rate.grad is not None


def test_a_rate_that_is_a_parameter_is_learned():
    rate = nn.Parameter(torch.tensor(0.01, dtype=torch.float64))
    wrapper = MAML(make("perceptron"), lr=rate)
    assert {id(parameter) for parameter in wrapper.parameters()} == {id(rate), *map(id, wrapper.module.parameters())}
    clone = wrapper.clone().clone()
    assert clone.lr is rate
    assert [name for name, _ in clone.named_parameters()] == [name for name, _ in wrapper.named_parameters()][1:]
    optimiser = torch.optim.SGD(wrapper.parameters(), lr=0.01)
    before = meta_loss(wrapper)
    before.backward()
    assert rate.grad is not None
    assert rate.grad < 0  # more than one hundredth of a step is better
    optimiser.step()
    assert rate > 0.01
    assert meta_loss(wrapper) < before


@pytest.mark.parametrize("kind", [MetaSGD, Reptile])
def test_a_rate_that_is_not_learned_is_not_registered(kind):
    rate = nn.Parameter(torch.tensor(0.1))
    wrapper = kind(make("perceptron"), lr=rate)
    assert not any(parameter is rate for parameter in wrapper.parameters())


@pytest.mark.parametrize("kind", [MAML, MetaSGD, Reptile])
@pytest.mark.parametrize("shape", [(), (1,), (1, 1, 1)])
def test_shape_and_precision_of_a_rate_do_not_change_those_of_the_parameters(kind, shape):
    rate = torch.full(shape, 0.1, dtype=torch.float64, requires_grad=True)
    model = nn.Sequential(nn.Linear(3, 2), nn.PReLU())
    model[1].weight = nn.Parameter(
        torch.tensor(0.25)
    )  # a tensor without dimensions takes the precision of any tensor it meets
    wrapper, plain = kind(model, lr=rate), kind(model, lr=0.1)
    inputs, targets = (tensor.float() for tensor in data())
    for batch in (False, True):
        if batch:
            ours, expected = (w.adapt_batch((inputs, targets), loss) for w in (wrapper, plain))
        else:
            ours, expected = (one_step(w, inputs[0], targets[0]) for w in (wrapper, plain))
        for name, tensor in ours.items():
            assert (tensor.shape, tensor.dtype) == (expected[name].shape, torch.float32)
            torch.testing.assert_close(tensor, expected[name])
        if kind is MAML:
            (gradient,) = torch.autograd.grad(ours["0.weight"].sum(), rate)
            assert gradient.shape == shape
            assert gradient.abs().sum() > 0


def test_precision_of_given_rates_does_not_change_that_of_the_parameters():
    model = nn.Linear(3, 2)
    wrapper = MetaSGD(
        model, lrs=[torch.full_like(parameter, 0.1, dtype=torch.float64) for parameter in model.parameters()]
    )
    inputs, targets = (tensor.float() for tensor in data())
    assert all(tensor.dtype == torch.float32 for tensor in one_step(wrapper, inputs[0], targets[0]).values())


def test_given_rates_are_used_and_shared():
    model = make("perceptron")
    given = nn.ParameterList([torch.full((), 0.01 * (number + 1)) for number, _ in enumerate(model.parameters())])
    wrapper = MetaSGD(model, lrs=given.double())
    assert wrapper.lrs is given
    (inputs, *_), (targets, *_) = data()
    clone = wrapper.clone()
    expected = torch.autograd.grad(loss(wrapper(inputs), targets), list(model.parameters()))
    clone.adapt(loss(clone(inputs), targets))
    for number, (new, old, grad) in enumerate(zip(clone.parameters(), model.parameters(), expected, strict=True)):
        torch.testing.assert_close(new, old - 0.01 * (number + 1) * grad)
    assert clone.lrs is given


def test_the_state_of_a_wrapper_loads_into_another():
    for kind in (MAML, MetaSGD):
        first, second = kind(make("perceptron"), lr=0.1), kind(make("perceptron"), lr=0.2)
        with torch.no_grad():
            for tensor in first.parameters():
                tensor.add_(1)
        second.load_state_dict(first.state_dict())
        assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
        assert all(name.startswith(("module.", "lrs.")) for name in first.state_dict())


def test_attributes_are_looked_up_in_the_model():
    wrapper = MAML(make("tied"), lr=0.1)
    assert wrapper.head is wrapper.module.head
    clone = wrapper.clone()
    assert clone.head is clone.module.head
    assert clone.head is not wrapper.head
    with pytest.raises(AttributeError, match="'Tied' object has no attribute 'tail'"):
        _ = wrapper.tail


def test_training_modes_reach_the_model_and_its_clones():
    wrapper = MAML(make("convolutional"), lr=0.1).eval()
    assert not wrapper.module.training
    assert not wrapper.clone().norm.training


def test_the_tutorials_loop_learns():
    torch.manual_seed(0)
    wrapper = MAML(nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1)), lr=0.1)
    optimiser = torch.optim.Adam(wrapper.parameters(), lr=0.01)
    losses = []
    for _ in range(60):
        slopes, inputs = torch.randn(8, 1, 1), torch.randn(8, 10, 1)
        optimiser.zero_grad()
        total = torch.zeros(())
        for slope, x in zip(slopes, inputs, strict=True):
            clone = wrapper.clone()
            clone.adapt(loss(clone(x), slope * x))
            total = total + loss(clone(x), slope * x) / len(slopes)
        total.backward()
        optimiser.step()
        losses.append(total.item())
    assert sum(losses[-10:]) < 0.6 * sum(losses[:10])
