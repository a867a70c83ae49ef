"""`adapt_batch`, `forward_batch` and `backward_batch`, compared with one clone after the other."""

from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mlrun.modules import MAML, MetaSGD, Reptile
from mlrun.modules.forward import plain_layers
from mlrun.modules.method import prefers_loop
from tests.modules.models import MODELS, TwoInputs, data, gradients, loss, make

WRAPPERS = {
    "second order": lambda model: MAML(model, lr=0.1),
    "first order": lambda model: MAML(model, lr=0.1, first_order=True),
    "rates": lambda model: MetaSGD(model, lr=0.1),
    "reptile": lambda model: Reptile(model, lr=0.1),
}
NOT_BATCHABLE = ("recurrent", "branching")
WAYS = [
    (name, way)
    for name in MODELS
    for way in ("auto", "batched", "loop")
    if way != "batched" or name not in NOT_BATCHABLE
]


def by_clones(wrapper, steps):
    """Adapts clones: their outputs on the support set, and their state by name, both ``(tasks, ...)``."""
    outputs, states = [], []
    for inputs, targets in zip(*data(), strict=True):
        clone = wrapper.clone()
        for _ in range(steps):
            clone.adapt(loss(clone(inputs), targets))
        states.append({name: tensor.clone() for name, tensor in clone.module.state_dict(keep_vars=True).items()})
        outputs.append(clone(inputs))
    return torch.stack(outputs), {name: torch.stack([state[name] for state in states]) for name in states[0]}


@pytest.mark.parametrize(("model", "way"), WAYS)
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_all_ways_equal_clones(wrapper, model, way):
    wrapper = WRAPPERS[wrapper](make(model))
    before = {name: tensor.clone() for name, tensor in wrapper.state_dict().items()}
    expected, states = by_clones(wrapper, steps=3)
    adapted = wrapper.adapt_batch(data(), loss, steps=3, way=way)
    outputs = wrapper.forward_batch(adapted, data()[0], way=way)
    torch.testing.assert_close(outputs, expected, rtol=1e-9, atol=1e-12)
    for name, tensor in adapted.items():
        torch.testing.assert_close(tensor, states[name], rtol=1e-9, atol=1e-12)
    assert all(torch.equal(tensor, before[name]) for name, tensor in wrapper.state_dict().items())
    if isinstance(wrapper, Reptile):
        assert not any(tensor.requires_grad for tensor in adapted.values())
        return
    meta = torch.autograd.grad(loss(outputs, data()[1]), list(wrapper.parameters()))
    for gradient, reference in zip(
        meta, torch.autograd.grad(loss(expected, data()[1]), list(wrapper.parameters())), strict=True
    ):
        torch.testing.assert_close(gradient, reference, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("model", ["perceptron", "tied", "convolutional"])
def test_meta_gradients_equal_finite_differences(model):
    wrapper = MetaSGD(make(model), lr=0.1)

    def meta_loss():
        adapted = wrapper.adapt_batch(data(), loss, steps=2, way="batched")
        return loss(wrapper.forward_batch(adapted, data()[0] + 0.1, way="batched"), data()[1])

    meta_loss().backward()
    for name, parameter in wrapper.named_parameters():
        direction = torch.randn_like(parameter)
        difference = 0.0
        for sign in (1, -1):
            with torch.no_grad():
                parameter.add_(direction, alpha=sign * 1e-5)
            difference += sign * float(meta_loss().detach()) / 2e-5
            with torch.no_grad():
                parameter.sub_(direction, alpha=sign * 1e-5)
        assert parameter.grad is not None
        assert float((parameter.grad * direction).sum()) == pytest.approx(difference, rel=1e-5, abs=1e-8), name


def test_the_result_has_all_parameters_and_the_changed_buffers():
    wrapper = MAML(make("convolutional"), lr=0.1)
    shapes = {name: tuple(tensor.shape) for name, tensor in wrapper.adapt_batch(data(), loss).items()}
    state = {name: (3, *tensor.shape) for name, tensor in wrapper.module.state_dict().items()}
    assert shapes == state
    wrapper.norm.eval()
    assert set(wrapper.adapt_batch(data(), loss)) == {name for name, _ in wrapper.module.named_parameters()} | {"count"}


def test_forward_batch_does_not_change_its_arguments():
    wrapper = MAML(make("convolutional"), lr=0.1)
    adapted = wrapper.adapt_batch(data(), loss)
    kept = {name: tensor.clone() for name, tensor in adapted.items()}
    for way in ("batched", "loop"):
        wrapper.forward_batch(adapted, data()[0], way=way)
    assert all(torch.equal(tensor, kept[name]) for name, tensor in adapted.items())


def test_under_no_grad_no_graph_is_kept_and_the_numbers_are_the_same():
    wrapper = MAML(make("perceptron"), lr=0.1)
    expected = wrapper.adapt_batch(data(), loss, steps=2)
    for way in ("batched", "loop"):
        with torch.no_grad():
            adapted = wrapper.adapt_batch(data(), loss, steps=2, way=way)
        for name, tensor in adapted.items():
            assert not tensor.requires_grad
            torch.testing.assert_close(tensor, expected[name])


@pytest.mark.parametrize("model", NOT_BATCHABLE)
def test_way_batched_raises_for_models_that_cannot_be_batched(model):
    with pytest.raises(RuntimeError):
        MAML(make(model), lr=0.1).adapt_batch(data(), loss, way="batched")


def test_dropout_draws_the_same_numbers_as_clones_except_when_batched():
    model = nn.Sequential(nn.Linear(3, 50), nn.Dropout(0.5), nn.Linear(50, 2)).double()
    wrapper = MAML(model, lr=0.1)

    def adapted(way):
        torch.manual_seed(3)
        return wrapper.adapt_batch(data(), loss, steps=2, way=way)["2.weight"]

    torch.testing.assert_close(adapted("auto"), adapted("loop"))
    batched = adapted("batched")
    assert batched.shape == (3, 2, 50)
    assert not torch.allclose(batched, adapted("loop"))


def test_several_inputs_and_structured_outputs():
    wrapper = MAML(TwoInputs().double(), lr=0.1)
    inputs, targets = data()
    results = []
    for way in ("batched", "loop"):
        adapted = wrapper.adapt_batch(((inputs, 2 * inputs), targets), lambda out, y: loss(out[0], y), way=way)
        outputs, extra = wrapper.forward_batch(adapted, (inputs, 2 * inputs), way=way)
        torch.testing.assert_close(extra["sum"], 3 * inputs)
        results.append(outputs)
    torch.testing.assert_close(*results)


class _Pair(NamedTuple):
    mean: torch.Tensor
    extremes: Any


class _Listed(list):
    """A container that vmap does not know."""


class _Structured(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> _Pair:
        y = self.layer(x)
        return _Pair(y, _Listed([y.max(-1), MappingProxyType({"inputs": (x,)})]))


@pytest.mark.parametrize("way", ["auto", "batched", "loop"])
def test_outputs_come_in_the_containers_of_the_model(way):
    wrapper = MAML(_Structured().double(), lr=0.1)
    adapted = wrapper.adapt_batch(data(), lambda out, targets: loss(out.mean, targets), way=way)
    out = wrapper.forward_batch(adapted, data()[0], way=way)
    assert isinstance(out, _Pair)
    assert isinstance(out.extremes, _Listed)
    torch.testing.assert_close(out.extremes[0].values, out.mean.max(-1).values)
    torch.testing.assert_close(out.extremes[1], {"inputs": (data()[0],)})


def test_images_are_flattened_and_classified():
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 3))
    images, labels = torch.randn(4, 6, 1, 4, 4), torch.arange(24).reshape(4, 6) % 3
    assert plain_layers(model) is not None
    wrapper = MAML(model, lr=0.5)
    for way in ("batched", "loop"):
        before = F.cross_entropy(model(images.flatten(0, 1)), labels.flatten())
        adapted = wrapper.adapt_batch((images, labels), F.cross_entropy, steps=5, way=way)
        outputs = wrapper.forward_batch(adapted, images, way=way)
        assert outputs.shape == (4, 6, 3)
        assert F.cross_entropy(outputs.flatten(0, 1), labels.flatten()) < before


def _hooked():
    model = make("perceptron")
    model[1].register_forward_hook(lambda module, inputs, output: 2 * output)
    return model


class _Twice(nn.Module):
    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return 2 * weight


def _parametrised():
    model = make("perceptron")
    torch.nn.utils.parametrize.register_parametrization(model[0], "weight", _Twice())
    return model


class _Doubled(nn.Linear):
    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(input)


@pytest.mark.parametrize("make_model", [_hooked, _parametrised, lambda: nn.Sequential(_Doubled(3, 2).double())])
def test_matrix_products_are_only_for_plain_layers(make_model):
    wrapper = MAML(make_model(), lr=0.1)
    assert plain_layers(wrapper.module) is None
    expected, _ = by_clones(wrapper, steps=2)
    adapted = wrapper.adapt_batch(data(), loss, steps=2, way="batched")
    torch.testing.assert_close(wrapper.forward_batch(adapted, data()[0], way="batched"), expected)


def test_reptile_takes_a_batch_or_clones():
    model = make("perceptron")
    reptile = Reptile(model, lr=0.1)
    reptile.backward(reptile.adapt_batch(data(), loss, steps=2))
    batched = gradients(model)
    reptile.zero_grad()
    clones = [reptile.clone() for _ in range(3)]
    for clone, inputs, targets in zip(clones, *data(), strict=True):
        for _ in range(2):
            clone.adapt(loss(clone(inputs), targets))
    reptile.backward(clones)
    for name, gradient in gradients(model).items():
        torch.testing.assert_close(batched[name], gradient)


def test_the_loop_is_preferred_where_tasks_are_large():
    model = nn.Sequential(nn.Linear(10, 100), nn.ReLU(), nn.Linear(100, 100), nn.ReLU(), nn.Linear(100, 4))
    assert not prefers_loop(model, torch.empty(20, 10, 10))
    assert prefers_loop(model, torch.empty(20, 10_000, 10))
    assert not prefers_loop(model, torch.empty(20, 1000, 10, device="meta"))
    assert prefers_loop(make("convolutional"), torch.empty(20, 2, 3))


@pytest.mark.parametrize("way", ["batched", "loop"])
@pytest.mark.parametrize("kind", [MAML, MetaSGD])
def test_backward_batch_adds_to_existing_gradients(kind, way):
    wrapper = kind(make("perceptron"), lr=nn.Parameter(torch.tensor(0.1)))
    wrapper.backward_batch(data(), data(), loss, way=way)
    once = {name: (gradient, gradient.clone()) for name, gradient in gradients(wrapper).items()}
    wrapper.backward_batch(data(), data(), loss, way=way)
    for name, gradient in gradients(wrapper).items():
        assert gradient is once[name][0]
        torch.testing.assert_close(gradient, 2 * once[name][1])


@pytest.mark.parametrize(("model", "way"), WAYS)
def test_backward_batch_equals_backward_of_the_mean_loss_of_clones(model, way):
    wrapper = MetaSGD(make(model), lr=0.1)
    outputs, _ = by_clones(wrapper, steps=2)
    expected = torch.autograd.grad(loss(outputs, data()[1]), list(wrapper.parameters()))
    losses = wrapper.backward_batch(data(), data(), loss, steps=2, way=way)
    torch.testing.assert_close(losses, (outputs - data()[1]).square().mean((1, 2)).detach())
    for parameter, gradient in zip(wrapper.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-9, atol=1e-12)
