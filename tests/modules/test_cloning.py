"""What a clone shares with its model, and what it does not share."""

import gc
import weakref

import pytest
import torch

from mlrun.modules import MAML, MetaSGD, Reptile
from tests.modules.models import MODELS, data, loss, make

KINDS = [MAML, MetaSGD, Reptile]


def adapted(wrapper, steps=1):
    (inputs, *_), (targets, *_) = data()
    clone = wrapper.clone()
    for _ in range(steps):
        clone.adapt(loss(clone(inputs), targets))
    return clone


@pytest.mark.parametrize("kind", KINDS)
def test_shared_parameters_are_shared_in_the_clone(kind):
    wrapper = kind(make("tied"), 0.1)
    module = adapted(wrapper, steps=2).module
    assert module.again.weight is module.decode.weight
    assert module.containers[0][0] is module.head
    assert module.listed[0] is module.head.bias
    assert module.paired[0] is module.encode.bias
    assert module.bound.__self__ is module
    assert module.decode.weight is not wrapper.module.decode.weight


@pytest.mark.parametrize("kind", KINDS)
def test_every_clone_has_its_own_buffers(kind):
    wrapper = kind(make("convolutional"), 0.1)
    before = {name: buffer.clone() for name, buffer in wrapper.module.named_buffers()}
    first, second = adapted(wrapper, steps=2), adapted(wrapper)
    assert (int(first.norm.num_batches_tracked), int(second.norm.num_batches_tracked)) == (2, 1)
    assert not torch.allclose(first.norm.running_mean, second.norm.running_mean)
    assert all(torch.equal(buffer, before[name]) for name, buffer in wrapper.module.named_buffers())


def test_changes_of_hooks_and_lists_of_a_clone_do_not_reach_the_model():
    wrapper = MAML(make("tied"), 0.1)
    clone = wrapper.clone()
    clone.listed.append(None)
    clone.head.register_forward_hook(lambda *_: None)
    assert len(wrapper.listed) == 1
    assert not wrapper.head._forward_hooks


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", [name for name in MODELS if name != "tied"])
def test_a_dropped_clone_is_freed_without_the_garbage_collector(kind, model):
    wrapper = kind(make(model), 0.1)
    gc.collect()
    gc.disable()
    try:
        clone = adapted(wrapper, steps=2)
        remains = [weakref.ref(clone), weakref.ref(clone.module), *map(weakref.ref, clone.parameters())]
        del clone
        assert [reference() for reference in remains] == [None] * len(remains)
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", KINDS)
def test_clones_leak_no_tensors(kind):
    wrapper = kind(make("tied"), 0.1)

    def tensors():
        gc.collect()
        return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())

    adapted(wrapper, steps=2)
    before = tensors()
    for _ in range(3):
        adapted(wrapper, steps=2)
    assert tensors() == before


@pytest.mark.parametrize(
    "normalise", [torch.nn.utils.parametrizations.weight_norm, torch.nn.utils.parametrizations.spectral_norm]
)
def test_parametrised_layers_adapt(normalise):
    model = make("perceptron")
    normalise(model[0])
    clone = adapted(MAML(model, 0.1), steps=2)
    (inputs, *_), (targets, *_) = data()
    loss(clone(inputs), targets).backward()
    assert all(tensor.grad is not None for tensor in model.parameters())
    assert not torch.equal(clone(inputs), model(inputs))
