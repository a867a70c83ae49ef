"""The two methods of computing a batch of tasks, all at once or in a loop, and the choice between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

import torch
from torch import nn

Method = Literal["auto", "batched", "loop"]
"""What users pass as ``way``."""
Result = TypeVar("Result")

BATCHED_WORK = 6_000_000
"""On a CPU a batch is faster than a loop up to this product: parameters × samples per task, for each thread.

A batch starts fewer operations, which counts where tasks are small. A loop uses the caches better, which counts where
tasks are large. Measured with a perceptron of 11 thousand parameters and 20 tasks: both take the same time near a
product of 5 million on one thread, and of 14 million on two.
"""
BATCHED_PARAMETERS = 100_000
"""On a CPU a loop is faster for models with more parameters than this, even with few samples.

Measured: the loop is faster at 270 thousand parameters, and slower at 11 thousand.
"""


def prefers_loop(model: nn.Module, inputs: torch.Tensor) -> bool:
    """Whether a loop over the tasks is faster than a batch, for inputs ``(tasks, samples, ...)``.

    On a GPU the batch is always faster. On a CPU the loop is faster above `BATCHED_WORK`, above `BATCHED_PARAMETERS`
    and for convolutions: a batch of them becomes a grouped convolution, which is slow.
    """
    if inputs.device.type != "cpu":
        return False
    samples = inputs.shape[1] if inputs.dim() > 1 else 1
    parameters = sum(tensor.numel() for tensor in model.parameters())
    convolutions = any(isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Conv3d)) for module in model.modules())
    too_much = parameters * samples > BATCHED_WORK * torch.get_num_threads()
    return convolutions or too_much or parameters > BATCHED_PARAMETERS


def run(method: Method, loop_is_faster: bool, batched: Callable[[str], Result], loop: Callable[[], Result]) -> Result:
    """Computes with one of two functions that return the same.

    Args:
        method: "batched" or "loop", or "auto" for the faster one. "auto" falls back to the loop if the batch fails.
        loop_is_faster: what "auto" goes by.
        batched: computes all tasks at once. Its argument is the ``randomness`` of `torch.func.vmap`.
        loop: computes one task after the other. It works with every module.

    Raises:
        ValueError: the method is unknown.
    """
    if method not in ("auto", "batched", "loop"):
        raise ValueError(f"way must be 'auto', 'batched' or 'loop', not {method!r}")
    if method == "batched":
        return batched("different")
    if method == "auto" and not loop_is_faster:
        try:
            return batched("error")
        except RuntimeError:  # if the caller made a mistake, the loop raises it again, without vmap in the traceback
            pass
    return loop()
