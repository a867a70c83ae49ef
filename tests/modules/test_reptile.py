import pytest
import torch

from mlrun.modules import Reptile
from tests.modules.models import data, gradients, loss, make


def adapted_clones(reptile, steps=3):
    clones = []
    for inputs, targets in zip(*data(), strict=True):
        clone = reptile.clone()
        for _ in range(steps):
            clone.adapt(loss(clone(inputs), targets))
        clones.append(clone)
    return clones


@pytest.mark.parametrize("model", ["perceptron", "tied", "convolutional", "recurrent"])
def test_a_clone_takes_the_steps_of_plain_gradient_descent(model):
    reptile = Reptile(make(model), lr=0.1)
    for clone, inputs, targets in zip(adapted_clones(reptile), *data(), strict=True):
        plain = make(model)
        optimiser = torch.optim.SGD(plain.parameters(), lr=0.1)
        for _ in range(3):
            optimiser.zero_grad()
            loss(plain(inputs), targets).backward()
            optimiser.step()
        for ours, expected in zip(clone.parameters(), plain.parameters(), strict=True):
            assert ours.is_leaf
            torch.testing.assert_close(ours, expected)


def test_plain_sgd_is_the_interpolation():
    model = make("perceptron")
    before = [tensor.detach().clone() for tensor in model.parameters()]
    reptile = Reptile(model, lr=0.1)
    clones = adapted_clones(reptile)
    optimiser = torch.optim.SGD(reptile.parameters(), lr=0.3)
    reptile.backward(clones)
    optimiser.step()
    for now, start, *ends in zip(model.parameters(), before, *(clone.parameters() for clone in clones), strict=True):
        torch.testing.assert_close(now.detach(), start + 0.3 * (sum(ends) / 3 - start).detach())


def test_backward_adds_to_what_is_there():
    model = make("perceptron")
    reptile = Reptile(model, lr=0.1)
    clones = adapted_clones(reptile)
    reptile.backward(clones)
    once = {name: gradient.clone() for name, gradient in gradients(model).items()}
    reptile.backward(clones)
    for name, gradient in gradients(model).items():
        torch.testing.assert_close(gradient, 2 * once[name])


def test_an_optimiser_can_take_the_inner_steps():
    reptile = Reptile(make("perceptron"), lr=0.1)
    clone = reptile.clone()
    optimiser = torch.optim.Adam(clone.parameters(), lr=0.01)
    (inputs, *_), (targets, *_) = data()
    before = loss(clone(inputs), targets)
    for _ in range(20):
        optimiser.zero_grad()
        loss(clone(inputs), targets).backward()
        optimiser.step()
    assert loss(clone(inputs), targets) < before
    assert not gradients(reptile.module)


def test_no_clones_are_refused():
    with pytest.raises(ValueError, match="at least one clone"):
        Reptile(make("perceptron"), lr=0.1).backward([])
