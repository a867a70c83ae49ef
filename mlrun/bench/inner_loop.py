"""The speed of adaptation with `mlrun.modules`: a batch of tasks at once, against a loop over clones."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from mlrun.modules import MAML
from mlrun.modules.method import Method

TASKS = 20
STEPS = 5
SIZES = (10, 100, 100, 4)
FEW, MANY = 10, 1000
"""Samples per task: few, where a batch should be faster, and many, where it may not be."""


def inner_loop(*, rounds: int = 15, few: int = FEW, many: int = MANY) -> dict[str, Any]:
    """Times second-order MAML of a perceptron: adaptation to a batch of tasks, and the meta-gradient.

    The method "batched" adapts to all tasks at once. The method "loop" adapts one clone per task, step by step. "auto"
    is the library's own choice. The methods take turns in one process, in reverse order in every other round. The
    number of torch's threads stays as it is.

    Args:
        rounds: turns of each method.
        few: samples per task where a batch should be faster.
        many: samples per task where it may not be.

    Returns:
        The setting, and for each number of samples the seconds of each method (medians over rounds) and a ratio (median
        and range over rounds). With few samples it is ``speedup``: the time of "loop" over that of "batched". With many
        it is ``share_of_better``: the time of the faster of the two over that of "auto".
    """
    generator = torch.Generator().manual_seed(0)
    at_few = _take_turns(few, ("loop", "batched"), rounds, generator)
    at_many = _take_turns(many, ("loop", "batched", "auto"), rounds, generator)
    better = min(at_many["loop"], at_many["batched"], key=statistics.median)
    return {
        "tasks": TASKS,
        "steps": STEPS,
        "layer_sizes": list(SIZES),
        "threads": torch.get_num_threads(),
        "rounds": rounds,
        "few_samples": {
            "samples": few,
            "seconds": _medians(at_few),
            **_ratio("speedup", at_few["loop"], at_few["batched"]),
        },
        "many_samples": {
            "samples": many,
            "seconds": _medians(at_many),
            **_ratio("share_of_better", better, at_many["auto"]),
        },
    }


def _take_turns(
    samples: int, methods: Sequence[Method], rounds: int, generator: torch.Generator
) -> dict[Method, list[float]]:
    model = nn.Sequential(*(layer for sizes in pairwise(SIZES) for layer in (nn.Linear(*sizes), nn.ReLU())))[:-1]
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.1, generator=generator)
    maml = MAML(model, lr=0.01)
    inputs = torch.randn(TASKS, samples, SIZES[0], generator=generator)
    targets = torch.randn(TASKS, samples, SIZES[-1], generator=generator)
    seconds: dict[Method, list[float]] = {method: [] for method in methods}
    for number in range(rounds + 1):
        for method in reversed(methods) if number % 2 else methods:
            taken = _meta_gradient(maml, inputs, targets, method)
            if number:  # first calls allocate
                seconds[method].append(taken)
    return seconds


def _meta_gradient(maml: MAML, inputs: torch.Tensor, targets: torch.Tensor, method: Method) -> float:
    """The seconds that adaptation and the meta-gradient take."""
    maml.zero_grad()
    start = time.perf_counter()
    if method == "loop":
        for x, y in zip(inputs, targets, strict=True):
            clone = maml.clone()
            for _ in range(STEPS):
                clone.adapt(F.mse_loss(clone(x), y))
            (F.mse_loss(clone(x), y) / len(inputs)).backward()
    else:
        maml.backward_batch((inputs, targets), (inputs, targets), F.mse_loss, STEPS, method)
    return time.perf_counter() - start


def _medians(seconds: dict[Method, list[float]]) -> dict[str, float]:
    return {method: statistics.median(taken) for method, taken in seconds.items()}


def _ratio(name: str, above: Sequence[float], below: Sequence[float]) -> dict[str, Any]:
    ratios = [one / other for one, other in zip(above, below, strict=True)]
    return {name: statistics.median(ratios), f"{name}_range": [min(ratios), max(ratios)]}
