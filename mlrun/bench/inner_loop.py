"""What adapting to a whole batch of tasks at once gains over a loop of clones."""

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
from mlrun.modules.method import Method as Way

TASKS = 20
STEPS = 5
SIZES = (10, 100, 100, 4)
FEW, MANY = 10, 1000
"""Samples per task."""


def inner_loop(*, rounds: int = 15, few: int = FEW, many: int = MANY) -> dict[str, Any]:
    """Times second-order MAML: adapting a perceptron to a batch of tasks, and the meta-gradient.

    The loop has one clone per task, adapted step by step. The ways take turns in one process, in the reverse order in
    every other round; torch keeps its number of threads.

    Args:
        rounds: how many turns each way has.
        few: samples per task where a batch should pay.
        many: samples per task where it need not.

    Returns:
        Seconds by way, as medians over rounds, and as medians and ranges over rounds: ``speedup``, the loop's time over
        the batch's with few samples; ``share_of_better``, with many samples, the time of the way with the smaller
        median over that of the library's own choice.
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


def _take_turns(samples: int, ways: Sequence[Way], rounds: int, generator: torch.Generator) -> dict[Way, list[float]]:
    model = nn.Sequential(*(layer for sizes in pairwise(SIZES) for layer in (nn.Linear(*sizes), nn.ReLU())))[:-1]
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.1, generator=generator)
    maml = MAML(model, lr=0.01)
    inputs = torch.randn(TASKS, samples, SIZES[0], generator=generator)
    targets = torch.randn(TASKS, samples, SIZES[-1], generator=generator)
    seconds: dict[Way, list[float]] = {way: [] for way in ways}
    for number in range(rounds + 1):
        for way in reversed(ways) if number % 2 else ways:
            taken = _meta_gradient(maml, inputs, targets, way)
            if number:  # first calls allocate
                seconds[way].append(taken)
    return seconds


def _meta_gradient(maml: MAML, inputs: torch.Tensor, targets: torch.Tensor, way: Way) -> float:
    """How many seconds it takes."""
    maml.zero_grad()
    start = time.perf_counter()
    if way == "loop":
        for x, y in zip(inputs, targets, strict=True):
            clone = maml.clone()
            for _ in range(STEPS):
                clone.adapt(F.mse_loss(clone(x), y))
            (F.mse_loss(clone(x), y) / len(inputs)).backward()
    else:
        maml.backward_batch((inputs, targets), (inputs, targets), F.mse_loss, STEPS, way)
    return time.perf_counter() - start


def _medians(seconds: dict[Way, list[float]]) -> dict[str, float]:
    return {way: statistics.median(taken) for way, taken in seconds.items()}


def _ratio(name: str, above: Sequence[float], below: Sequence[float]) -> dict[str, Any]:
    ratios = [one / other for one, other in zip(above, below, strict=True)]
    return {name: statistics.median(ratios), f"{name}_range": [min(ratios), max(ratios)]}
