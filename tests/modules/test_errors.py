"""Arguments that are refused, and the messages."""

import math
import subprocess
import sys

import pytest
import torch
from torch import nn

from mlrun.modules import MAML, MetaSGD, Reptile
from tests.modules.models import data, gradients, loss, make

KINDS = [MAML, MetaSGD, Reptile]


class PartlyUsed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.used = nn.Linear(3, 2)
        self.spare = nn.Linear(3, 2, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.used(x)


class WithNothing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor | None]:
        return {"y": self.layer(x), "z": None}


def partly_frozen():
    model = make("perceptron")
    model[0].requires_grad_(False)
    return model


@pytest.fixture
def first():
    inputs, targets = data()
    return inputs[0], targets[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lr", [0, -0.1, math.nan, math.inf, torch.tensor(0.0), torch.tensor([0.1, 0.2])])
def test_a_rate_must_be_one_finite_number_above_zero(kind, lr):
    with pytest.raises(ValueError, match="lr must"):
        kind(nn.Linear(1, 1), lr)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lr", ["0.1", None, True])
def test_a_rate_must_be_a_number(kind, lr):
    with pytest.raises(TypeError, match="lr must be a number"):
        kind(nn.Linear(1, 1), lr)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_must_be_a_module_with_parameters(kind):
    with pytest.raises(ValueError, match="no parameters"):
        kind(nn.ReLU(), 0.1)
    with pytest.raises(TypeError, match=r"must be a torch\.nn\.Module, not function"):
        kind(lambda x: x, 0.1)


@pytest.mark.parametrize(
    ("lrs", "said"),
    [
        ([torch.ones(2, 3)], "2 tensors, one for each parameter, not 1"),
        ([torch.ones(2, 3), torch.ones(3)], r"\(3,\) does not broadcast to 'bias' of shape \(2,\)"),
        ([torch.ones(2, 3), torch.ones(1, 2)], r"\(1, 2\) does not broadcast to 'bias'"),
        ([torch.ones(2, 3), torch.tensor(math.nan)], "a rate of 'bias' is not finite"),
    ],
)
def test_rates_must_fit_the_parameters(lrs, said):
    with pytest.raises(ValueError, match=said):
        MetaSGD(nn.Linear(3, 2), lrs=lrs)


@pytest.mark.parametrize(
    ("lrs", "said"),
    [
        (0.1, "lrs must be a list of tensors, one for each parameter, not float"),
        (torch.ones(2), "lrs must be a list of tensors, one for each parameter, not Tensor"),
        ([0.1, 0.1], "the rate of 'weight' must be a tensor, not float"),
        (nn.ParameterList([torch.ones(2, 3), 0.1]), "the rate of 'bias' must be a tensor, not float"),
        ([torch.ones(2, 3), torch.ones(2, dtype=torch.long)], r"'bias' must be floating point, not torch\.int64"),
    ],
)
def test_rates_must_be_tensors(lrs, said):
    with pytest.raises(TypeError, match=said):
        MetaSGD(nn.Linear(3, 2), lrs=lrs)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch", [False, True])
def test_an_unused_parameter_is_named_or_left_as_it_is(kind, batch, first):
    def adapt(wrapper):
        if batch:
            return {name: tensor[0] for name, tensor in wrapper.adapt_batch(data(), loss).items()}
        clone = wrapper.clone()
        clone.adapt(loss(clone(first[0]), first[1]))
        return dict(clone.module.named_parameters())

    model = PartlyUsed().double()
    with pytest.raises(ValueError, match=r"does not depend on parameter 'spare\.weight'; allow_unused=True"):
        adapt(kind(model, 0.1))
    adapted = adapt(kind(model, 0.1, allow_unused=True))
    assert torch.equal(adapted["spare.weight"], model.spare.weight)
    assert not torch.equal(adapted["used.weight"], model.used.weight)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch", [False, True])
def test_a_parameter_without_gradient_is_named_or_left_as_it_is(kind, batch, first):
    def adapt(wrapper):
        if batch:
            return {name: tensor[0] for name, tensor in wrapper.adapt_batch(data(), loss, steps=2).items()}
        clone = wrapper.clone()
        for _ in range(2):
            clone.adapt(loss(clone(first[0]), first[1]))
        return dict(clone.module.named_parameters())

    model = partly_frozen()
    with pytest.raises(
        ValueError, match=r"parameters '0\.weight', '0\.bias' must require a gradient, or pass allow_nograd"
    ):
        adapt(kind(model, 0.1))
    adapted = adapt(kind(model, 0.1, allow_nograd=True))
    assert torch.equal(adapted["0.weight"], model[0].weight)
    assert not adapted["0.weight"].requires_grad
    assert not torch.equal(adapted["3.weight"], model[3].weight)
    if kind is not Reptile:
        adapted["3.weight"].sum().backward()
        assert "0.weight" not in gradients(model)


def test_permissions_are_given_for_one_clone_or_one_step(first):
    maml = MAML(PartlyUsed().double(), 0.1)
    clone = maml.clone(allow_unused=True)
    clone.adapt(loss(clone(first[0]), first[1]))
    other = maml.clone()
    other.adapt(loss(other(first[0]), first[1]), allow_unused=True)
    with pytest.raises(ValueError, match="spare"):
        other.adapt(loss(other(first[0]), first[1]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_wrapper_allows_unused_parameters_with_those_without_gradient(kind, first):
    clone = kind(PartlyUsed().double(), 0.1, allow_nograd=True).clone(allow_nograd=False)
    clone.adapt(loss(clone(first[0]), first[1]))
    clone.adapt(loss(clone(first[0]), first[1]), allow_nograd=False)
    with pytest.raises(ValueError, match="spare"):
        clone.adapt(loss(clone(first[0]), first[1]), allow_unused=False)


@pytest.mark.parametrize("kind", KINDS)
def test_clones_and_steps_that_allow_parameters_without_gradient_still_refuse_unused_ones(kind, first):
    wrapper = kind(PartlyUsed().double(), 0.1)
    clone = wrapper.clone(allow_nograd=True)
    with pytest.raises(ValueError, match="spare"):
        clone.adapt(loss(clone(first[0]), first[1]))
    clone = wrapper.clone()
    with pytest.raises(ValueError, match="spare"):
        clone.adapt(loss(clone(first[0]), first[1]), allow_nograd=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_loss_must_be_one_number_that_depends_on_the_clone(kind, first):
    wrapper = kind(make("perceptron"), 0.1, allow_unused=True)
    clone = wrapper.clone()
    with pytest.raises(TypeError, match="the loss must be a tensor, not float"):
        clone.adapt(1.0)
    with pytest.raises(ValueError, match=r"one number, not a tensor of shape \(4, 2\)"):
        clone.adapt(clone(first[0]))
    with pytest.raises(ValueError, match="does not depend on the parameters"):
        clone.adapt(loss(wrapper(first[0]), first[1]))
    with torch.no_grad():
        value = loss(clone(first[0]), first[1])
    with pytest.raises(ValueError, match="with gradients enabled"):
        clone.adapt(value)


@pytest.mark.parametrize("kind", KINDS)
def test_the_wrapped_model_itself_does_not_adapt(kind, first):
    wrapper = kind(make("perceptron"), 0.1)
    with pytest.raises(RuntimeError, match=r"use clone\(\) first"):
        wrapper.adapt(loss(wrapper(first[0]), first[1]))


@pytest.mark.parametrize("way", ["auto", "batched", "loop"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"steps": 0}, "steps must be at least 1, not 0"),
        ({"support": (data()[0], data(2)[1])}, r"one and the same number of tasks, not \(3, 4, 3\), \(2, 4, 2\)"),
        ({"support": (data()[0][:0], data()[1][:0])}, "one and the same number of tasks"),
        ({"loss_fn": lambda outputs, targets: outputs - targets}, "one number, not a tensor of shape"),
        ({"loss_fn": lambda outputs, targets: targets.sum()}, "does not depend on the parameters"),
    ],
)
def test_a_batch_is_checked_in_every_way(arguments, said, way):
    with pytest.raises(ValueError, match=said):
        MAML(make("perceptron"), 0.1).adapt_batch(**{"support": data(), "loss_fn": loss, "way": way} | arguments)


@pytest.mark.parametrize("way", ["auto", "batched", "loop"])
def test_what_is_not_a_tensor_is_refused_in_every_way(way):
    maml = MAML(WithNothing().double(), 0.1)
    adapted = maml.adapt_batch(data(), lambda outputs, targets: loss(outputs["y"], targets), way=way)
    with pytest.raises(TypeError, match="outputs must be tensors, or tuples, lists or dictionaries of them, not None"):
        maml.forward_batch(adapted, data()[0], way=way)
    for model in (maml.module, make("perceptron")):
        with pytest.raises(TypeError, match="the loss must be a tensor, not float"):
            MAML(model, 0.1).adapt_batch(data(), lambda *_: 1.0, way=way)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("way", ["auto", "batched", "loop"])
def test_an_evaluation_that_does_not_depend_on_the_parameters_is_refused(way):
    def half_constant(outputs, targets):
        return loss(outputs, targets) if outputs.shape[0] == 4 else targets.sum()

    model = make("perceptron")
    with pytest.raises(ValueError, match="the evaluation loss does not depend on the parameters"):
        MAML(model, 0.1).backward_batch(data(), data(num_samples=5), half_constant, way=way)
    assert not gradients(model)


@pytest.mark.parametrize("way", ["auto", "batched", "loop"])
@pytest.mark.parametrize("before", [False, True])
def test_a_task_that_fails_leaves_the_gradients_as_they_were(way, before):
    def fail_on_the_last(outputs, targets):
        if (targets == data()[1][-1]).all():
            raise RuntimeError("the last task")
        return loss(outputs, targets)

    wrapper = MAML(make("perceptron"), nn.Parameter(torch.tensor(0.1)))
    if before:
        wrapper.backward_batch(data(), data(), loss)
    kept = {name: (gradient, gradient.clone()) for name, gradient in gradients(wrapper).items()}
    with pytest.raises(RuntimeError):
        wrapper.backward_batch(data(), data(), fail_on_the_last, way=way)
    assert gradients(wrapper).keys() == kept.keys()
    for name, gradient in gradients(wrapper).items():
        assert gradient is kept[name][0]
        assert torch.equal(gradient, kept[name][1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["auto", "batched", "loop"])
def test_inference_mode_is_refused_by_its_name(kind, way):
    wrapper = kind(make("perceptron"), 0.1)
    with torch.inference_mode(), pytest.raises(RuntimeError, match=r"not under torch\.inference_mode\(\).*no_grad"):
        wrapper.adapt_batch(data(), loss, way=way)
    adapted = wrapper.adapt_batch(data(), loss)
    with torch.inference_mode():
        assert wrapper.forward_batch(adapted, data()[0], way=way).shape == (3, 4, 2)


def test_other_mistakes_with_batches():
    maml = MAML(make("perceptron"), 0.1)
    with pytest.raises(ValueError, match="way must be 'auto', 'batched' or 'loop', not 'fast'"):
        maml.adapt_batch(data(), loss, way="fast")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match=r"adapted must be what adapt_batch returns; it lacks 0\.bias"):
        maml.forward_batch({"0.weight": torch.zeros(3, 5, 3)}, data()[0])
    with pytest.raises(TypeError, match="must be tensors"):
        maml.adapt_batch((data()[0], [1, 2]), loss)  # pyright: ignore[reportArgumentType]
    for no_pair in (data()[0], data()[:1]):
        with pytest.raises(TypeError, match=r"must be a pair \(inputs, targets\)"):
            maml.adapt_batch(no_pair, loss)  # pyright: ignore[reportArgumentType]
        with pytest.raises(TypeError, match=r"must be a pair \(inputs, targets\)"):
            maml.backward_batch(data(), no_pair, loss)  # pyright: ignore[reportArgumentType]


def test_the_package_is_imported_without_torch():
    code = "import mlrun, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
