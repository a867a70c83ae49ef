"""States of algorithms: copying, committing, restoring, and checking that a saved one fits."""

from __future__ import annotations

from typing import Any

import torch

from mlrun.algorithms.protocol import HasLargeState, MetaAlgorithm
from mlrun.errors import CheckpointError


def state_of(algorithm: MetaAlgorithm[Any]) -> dict[str, Any]:
    """A copy of an algorithm's state in the host's memory. Later updates and GPU errors cannot damage it."""
    return _copy(algorithm.state_dict())


def large_state_of(algorithm: MetaAlgorithm[Any]) -> dict[str, Any] | None:
    """The algorithm's own large state, not a copy; None if it has none."""
    return algorithm.large_state() if isinstance(algorithm, HasLargeState) else None


def commit(algorithm: MetaAlgorithm[Any]) -> None:
    """Tell an algorithm with a large state that its last update is part of a complete iteration."""
    if isinstance(algorithm, HasLargeState):
        algorithm.commit()


def restore(
    algorithm: MetaAlgorithm[Any], saved: dict[str, Any], device: str, large: dict[str, Any] | None = None
) -> None:
    """Put an initialised algorithm into a saved state.

    Args:
        algorithm: of the same experiment.
        saved: what `state_of` gave.
        device: where its tensors should be.
        large: what `large_state_of` gave. None leaves the large state empty, as in an evaluation.

    Raises:
        CheckpointError: the state does not fit this algorithm on this problem.
    """
    try:
        if mistake := _misfit(state_of(algorithm), _copy(saved), "algorithm"):
            raise ValueError(mistake)
        algorithm.load_state_dict(saved, device)
        if large is not None and isinstance(algorithm, HasLargeState):
            algorithm.load_large_state(large, device)
    except (LookupError, TypeError, ValueError) as error:
        raise CheckpointError(f"the checkpoint does not fit its experiment: {error}") from error


def _copy(state: Any) -> Any:
    if isinstance(state, torch.Tensor):
        return state.detach().to("cpu", copy=True)
    if isinstance(state, dict):
        return {key: _copy(value) for key, value in state.items()}
    if isinstance(state, list | tuple):
        copies = map(_copy, state)
        return list(copies) if isinstance(state, list) else tuple(copies)
    return state


def _misfit(fresh: Any, saved: Any, where: str) -> str | None:
    """How the form of a saved state differs from that of a fresh one, in words; None if it fits."""
    if type(fresh) is not type(saved):
        return None if fresh is None else f"{where} is a {type(saved).__name__}, not a {type(fresh).__name__}"
    if isinstance(fresh, torch.Tensor):
        ours, theirs = (f"{tuple(tensor.shape)} of {tensor.dtype}" for tensor in (fresh, saved))
        return None if ours == theirs else f"{where} is {theirs}, not {ours}"
    if isinstance(fresh, dict):
        return _misfit_of_dicts(fresh, saved, where)
    return None


def _misfit_of_dicts(fresh: dict[Any, Any], saved: dict[Any, Any], where: str) -> str | None:
    for key in fresh:
        if key not in saved:
            return f"{where} has no {key!r}"
        if mistake := _misfit(fresh[key], saved[key], f"{where}[{key!r}]"):
            return mistake
    named_tensors = fresh and all(isinstance(value, torch.Tensor) for value in fresh.values())
    added = [key for key in saved if key not in fresh]
    return f"{where} has {added[0]!r}, which is unknown" if named_tensors and added else None
