"""An algorithm with a large state: a buffer of all examples so far. Its updates depend on the buffer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch

from mlrun.algorithms.reptile import Reptile
from mlrun.benchmarks.task import Task
from mlrun.config.algorithms import InnerLoopConfig, ReptileConfig
from mlrun.problems.supervised_learning import SupervisedLearning
from mlrun.randomness import RandomKey


class ReplayingConfig(ReptileConfig, frozen=True):
    """The options of Reptile."""

    name: Literal["replaying"] = "replaying"  # pyright: ignore[reportIncompatibleVariableOverride]
    inner: InnerLoopConfig = InnerLoopConfig(steps=2, learning_rate=0.01)


class Replaying(Reptile):
    """Reptile whose parameters also depend on its buffer. So a wrong buffer changes the metrics.

    Attributes:
        calls: how often the large state was saved and loaded.
    """

    def __init__(self, config: ReplayingConfig) -> None:
        super().__init__(config)
        self._buffer = torch.zeros(0, 1)
        self._prepared = torch.zeros(0, 1)
        self.calls = {"saved": 0, "loaded": 0}

    def update(self, problem: SupervisedLearning, tasks: Sequence[Task], key: RandomKey) -> dict[str, float]:  # pyright: ignore[reportIncompatibleMethodOverride]
        learner, *_ = self.adapt(problem, tasks, key, 0)
        self._prepared = problem.collect(learner, tasks, key.child("buffer")).inputs.flatten(0, 1)
        metrics = super().update(problem, tasks, key)
        shift = self._buffer.mean() if len(self._buffer) else torch.zeros(())
        self.parameters = {name: tensor + 0.01 * shift for name, tensor in self.parameters.items()}
        return {**metrics, "buffered": float(len(self._buffer))}

    def commit(self) -> None:
        self._buffer = torch.cat((self._buffer, self._prepared))

    def large_state(self) -> dict[str, Any]:
        self.calls["saved"] += 1
        return {"buffer": self._buffer}

    def load_large_state(self, state: dict[str, Any], device: str = "cpu") -> None:
        self.calls["loaded"] += 1
        self._buffer = state["buffer"].to(device)
