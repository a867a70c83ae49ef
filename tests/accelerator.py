"""An accelerator that is not there: tensors "elsewhere", whose numbers the CPU computes.

Like CUDA it refuses to compute with tensors of two devices at once. `launches` names, in order, the operations done
there, views aside, and `waits` those for which the host would have had to wait. Torch must know of a device before the
first gradient, and forgets none: this is for a process of its own.

Copies are done at once here, so that it does not show when a pinned buffer is overwritten too early. Saving its
tensors, and random generators of the CPU in its operations, are not refused as they are by CUDA.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map_only
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

ELSEWHERE: Final = "elsewhere"
waits: Final[list[str]] = []
launches: Final[list[str]] = []

_COPIES: Final = {"copy_", "_to_copy"}
_READ: Final = {
    *("_local_scalar_dense", "_linalg_check_errors", "allclose", "equal"),
    *("_unique2", "bincount", "masked_select", "nonzero", "repeat_interleave", "unique_consecutive", "unique_dim"),
}
_JOINED: Final = {"cat", "stack"}  # which take no number of the CPU either
_READ_MASKS: Final = {"_index_put_impl_", "index", "index_put", "index_put_"}  # but not indices that are numbers

_setup_privateuseone_for_python_backend(ELSEWHERE)


def _gru_cell(
    inputs: Tensor, states: Tensor, hidden: Tensor, input_bias: Tensor, state_bias: Tensor
) -> tuple[Tensor, Tensor]:
    """What follows the matrix products in a step of a GRU. Devices other than the CPU do it in one operation."""
    reset_in, update_in, new_in = (inputs + input_bias).chunk(3, 1)
    reset_state, update_state, new_state = (states + state_bias).chunk(3, 1)
    reset, update = (reset_in + reset_state).sigmoid(), (update_in + update_state).sigmoid()
    new = (new_in + reset * new_state).tanh()
    return new + update * (hidden - new), torch.cat((reset, update, new, hidden, new_state), 1)


def _gru_cell_backward(gradient: Tensor, kept: Tensor, has_bias: bool) -> tuple[Tensor, ...]:
    assert has_bias
    reset, update, new, hidden, new_state = kept.chunk(5, 1)
    of_new = gradient * (1 - update) * (1 - new.square())
    of_update = gradient * (hidden - new) * update * (1 - update)
    of_reset = of_new * new_state * reset * (1 - reset)
    inputs, states = (torch.cat((of_reset, of_update, last), 1) for last in (of_new, of_new * reset))
    return inputs, states, gradient * update, inputs.sum(0), states.sum(0)


_KERNELS: Final = {
    "_thnn_fused_gru_cell": _gru_cell,
    "_thnn_fused_gru_cell_backward": _gru_cell_backward,
}


class TensorElsewhere(Tensor):
    """A tensor of the device, in the memory of one of the CPU."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> TensorElsewhere:
        layout = {"strides": held.stride(), "storage_offset": held.storage_offset()}
        wrapper = Tensor._make_wrapper_subclass(
            cls, held.size(), **layout, dtype=held.dtype, device=torch.device(ELSEWHERE, 0)
        )
        wrapper.held = held
        return wrapper

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None) -> Any:
        return _compute(func, args, kwargs or {})

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return f"{ELSEWHERE}: {self.held}"

    def tolist(self) -> Any:
        return self.cpu().tolist()


class Accelerator(TorchDispatchMode):
    """While it is open, tensors can be made elsewhere, and brought there."""

    def __enter__(self) -> Self:
        torch._C._set_only_lift_cpu_tensors(True)  # or `torch.tensor` would ask for memory there by itself
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        torch._C._set_only_lift_cpu_tensors(False)

    def __torch_dispatch__(self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None) -> Any:
        return _compute(func, args, kwargs or {})


def held(tensor: Tensor) -> Tensor:
    """The tensor of the CPU that one elsewhere is around."""
    assert isinstance(tensor, TensorElsewhere)
    return tensor.held


def _compute(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    name = func.overloadpacket.__name__
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    any_there = any(map(_is_there, tensors))
    named = kwargs.get("device")
    goes_there = any_there if named is None else torch.device(named).type == ELSEWHERE
    if name in _COPIES:
        source, target = (tensors[1], _is_there(tensors[0])) if name == "copy_" else (tensors[0], goes_there)
        _note_copy(name, source, target, unhurried=bool(kwargs.get("non_blocking", True in args[2:])))
    elif any_there:
        _note_computation(name, tensors)
    if any_there and not func.is_view and name != "_unsafe_view":
        launches.append(name)
    result = _compute_here(func, args, kwargs)
    if name == "copy_":
        return args[0]
    if not goes_there or name == "_local_scalar_dense":
        return result
    wrapped = tree_map_only(Tensor, TensorElsewhere, result)
    return return_and_correct_aliasing(func, tuple(args), dict(kwargs), wrapped) if any_there else wrapped


def _compute_here(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    changed = {name: value for name, value in {"device": "cpu", "pin_memory": False}.items() if kwargs.get(name)}
    args, kwargs = tree_map_only(TensorElsewhere, held, (tuple(args), {**kwargs, **changed}))
    result = _KERNELS.get(func.overloadpacket.__name__, func)(*args, **kwargs)
    if "pin_memory" in changed:
        result.pinned = True
    return result


def _note_copy(name: str, source: Tensor, target_is_there: bool, *, unhurried: bool) -> None:
    crosses = _is_there(source) != target_is_there
    if crosses and not (unhurried and getattr(source, "pinned", False)):
        waits.append(name)


def _note_computation(name: str, tensors: Sequence[Tensor]) -> None:
    for tensor in tensors:
        if not _is_there(tensor) and (tensor.dim() > 0 or name in _JOINED):
            raise RuntimeError(f"{name}: a tensor {tuple(tensor.shape)} of the CPU beside one of another device")
    if name in _READ or (name in _READ_MASKS and any(tensor.dtype == torch.bool for tensor in tensors[1:])):
        waits.append(name)


def _is_there(tensor: Tensor) -> bool:
    return isinstance(tensor, TensorElsewhere)
