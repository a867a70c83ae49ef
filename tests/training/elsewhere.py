"""Training on a simulated accelerator, compared with training on the CPU. Import it in a process of its own."""

from __future__ import annotations

import math
import operator
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal, cast
from unittest import mock

import torch
from torch import Tensor

from mlrun.config.schema import EpisodicExperiment, Experiment
from mlrun.problems.reinforcement_learning import ReinforcementLearning
from mlrun.randomness import RandomKey
from mlrun.runs.directory import RunDirectory
from mlrun.simulation.cpu import CPUPhysics
from mlrun.simulation.protocol import Poses
from mlrun.simulation.scene import Scene, SettledState
from mlrun.training.build import build_benchmark, build_problem, fresh_algorithm
from mlrun.training.device import Placement
from mlrun.training.evaluation import evaluate_run
from mlrun.training.loop import train
from tests.accelerator import ELSEWHERE, Accelerator, TensorElsewhere, held, launches, waits
from tests.training.test_all_algorithms import experiment
from tests.training.watcher import Watcher, timeless

Engine = Literal["cpu", "warp"]

torch.set_num_threads(1)
torch.inference_mode = torch.no_grad  # in inference mode, a tensor that wraps another cannot be written to


class PhysicsElsewhere(CPUPhysics):
    """The worlds of the CPU, seen from the accelerator."""

    def __init__(self, scene: Scene, num_worlds: int) -> None:
        super().__init__(scene, num_worlds, num_threads=1)
        self.hand_target = TensorElsewhere(self.hand_target)
        here = self.poses.body_positions, self.poses.site_positions, self.poses.body_rotations
        self.poses = Poses(scene.kinematic_model, *map(TensorElsewhere, here))

    def load(self, settled: SettledState, worlds: Tensor) -> None:
        super().load(settled, held(worlds))

    def write_joint(self, joint: str, position: Tensor, worlds: Tensor) -> None:
        super().write_joint(joint, held(position), held(worlds))

    def step(self, gripper: Tensor) -> None:
        super().step(held(gripper))

    def warnings(self) -> dict[str, Tensor]:
        return {name: TensorElsewhere(counts) for name, counts in super().warnings().items()}


def difference(algorithm: str, benchmark: str) -> list[str]:
    """The results that differ if networks are on the accelerator and worlds on the CPU.

    Learners with a memory may round otherwise: other operations than on the CPU compute their networks.
    """
    what = experiment(algorithm, benchmark, 2)
    rounded = hasattr(what.algorithm, "trial")
    return _unequal(_results(what, ELSEWHERE, "cpu"), _results(what, "cpu", "cpu"), rounded=rounded)


def difference_with_worlds(problem: str) -> list[str]:
    """The results on an ML1 benchmark that differ if networks and worlds are on the accelerator."""
    with mock.patch("mlrun.benchmarks.metaworld.ml1.make_physics", _make_physics):
        elsewhere = _results(ml1(problem), ELSEWHERE, "warp")
    return _unequal(elsewhere, _results(ml1(problem), "cpu", "cpu"))


def difference_with_warp(problem: str) -> list[str]:
    """The same, with MuJoCo Warp on both sides."""
    with _warp_elsewhere():
        elsewhere = _results(ml1(problem), ELSEWHERE, "warp")
    return _unequal(elsewhere, _results(ml1(problem), "cpu", "warp"))


def waits_per_step(problem: str, engine: Engine) -> dict[str, int]:
    """What the host waits for in each step of a rollout. What it waits for once per rollout does not count."""
    with mock.patch("mlrun.benchmarks.metaworld.ml1.make_physics", _make_physics):
        return dict(_further(waits, problem, engine))


def launches_per_step(problem: str) -> int:
    """The number of operations in each step of a rollout on the accelerator, without those of the physics."""
    with mock.patch("mlrun.benchmarks.metaworld.ml1.make_physics", _make_physics):
        return sum(_further(launches, problem, "warp").values())


def waits_per_step_with_warp(problem: str) -> dict[str, int]:
    """What the host waits for in each step of a rollout with MuJoCo Warp."""
    with _warp_elsewhere():
        return dict(_further(waits, problem, "warp"))


def refusal() -> str:
    """The error of adding a tensor on the CPU to one on the accelerator."""
    with Accelerator():
        try:
            torch.add(torch.ones(2, device=ELSEWHERE), torch.ones(2))
        except RuntimeError as error:
            return str(error)
    return "nothing"


def ml1(problem: str, horizon: int = 6) -> EpisodicExperiment:
    sections: dict[str, Any] = {
        "benchmark": {"name": f"ml1/{problem}", "horizon": horizon},
        "policy": {"hidden_sizes": (8,), "min_std": 0.1},
        "rollouts": {"episodes_per_task": 2},
        "evaluation": {"episodes": 2},
        "algorithm": {"name": "maml"},
        "training": {"iterations": 2, "tasks_per_batch": 3, "evaluate_every": 2, "checkpoint_every": 1},
    }
    return EpisodicExperiment.model_validate(sections)


def _results(what: Experiment, device: str, engine: Engine) -> dict[str, Any]:
    """The metrics of a run that is stopped and resumed once, and its evaluation's scores."""
    first = what.model_copy(update={"training": what.training.model_copy(update={"iterations": 1})})
    accelerator = Accelerator() if device == ELSEWHERE else nullcontext()
    with tempfile.TemporaryDirectory() as directory, accelerator, _placed(device, engine):
        run = RunDirectory.create(Path(directory), first)
        for part in (first, what):
            train(part, run, Watcher())
        return {"metrics": timeless(run), **evaluate_run(run)}


def _unequal(one: dict[str, Any], other: dict[str, Any], *, rounded: bool = False) -> list[str]:
    same = _nearly_equal if rounded else operator.eq
    return [name for name in one if not same(one[name], other[name]) and name not in ("run", "device", "physics")]


def _nearly_equal(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_nearly_equal(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_nearly_equal, one, other))
    return math.isclose(one, other, rel_tol=1e-4, abs_tol=1e-4) if isinstance(one, float) else one == other


def _further(log: list[str], problem: str, engine: Engine) -> Counter[str]:
    """What one more step of a rollout adds to a log of the accelerator."""
    logs = []
    for horizon in (5, 6):
        _roll_out(ml1(problem, horizon), engine, log.clear)
        logs.append(Counter(log))
    return logs[1] - logs[0]


def _roll_out(what: EpisodicExperiment, engine: Engine, ready: Callable[[], None]) -> None:
    with Accelerator(), _placed(ELSEWHERE, engine):
        benchmark = build_benchmark(what)
        problem = build_problem(what, benchmark, 2, Placement(cast(Literal["cpu"], ELSEWHERE), engine))
        tasks = benchmark.train_tasks[:3]
        key = RandomKey(0, 0, "rollout")
        (adapted,) = fresh_algorithm(what, problem).adapt(problem, tasks, key, 0)
        ready()
        cast(ReinforcementLearning, problem).inputs(adapted, tasks, key)


@contextmanager
def _warp_elsewhere() -> Iterator[None]:
    import warp

    to_torch = warp.to_torch
    with mock.patch("warp.to_torch", lambda array: TensorElsewhere(to_torch(array))):
        yield


def _make_physics(scene: Scene, engine: Engine, num_worlds: int, num_threads: int = 0) -> CPUPhysics:
    return PhysicsElsewhere(scene, num_worlds) if engine == "warp" else CPUPhysics(scene, num_worlds, num_threads)


@contextmanager
def _placed(device: str, engine: Engine) -> Iterator[None]:
    """While the context is open, everything is computed in this place."""
    placement = Placement(cast(Literal["cpu"], device), engine)
    with ExitStack() as patches:
        for module in ("training.evaluation", "training.loop"):
            patches.enter_context(mock.patch(f"mlrun.{module}.place", return_value=placement))
        yield
