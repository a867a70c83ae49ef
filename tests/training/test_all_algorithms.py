"""Every algorithm on every kind of problem, from the experiment to the evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from mlrun.algorithms import algorithms
from mlrun.config.algorithms import TrustRegionConfig
from mlrun.config.schema import Experiment, experiment_model
from mlrun.errors import Diverged
from mlrun.runs.directory import RunDirectory
from mlrun.training.evaluation import evaluate_run
from mlrun.training.loop import train
from mlrun.training.reporter import Reporter
from tests.training.watcher import Watcher, timeless

SECTIONS: dict[str, Any] = {
    "navigation2d": {
        "benchmark": {"name": "navigation2d", "horizon": 4, "evaluation_tasks": 5},
        "policy": {"hidden_sizes": (6,), "min_std": 0.1},
        "rollouts": {"episodes_per_task": 2},
        "evaluation": {"episodes": 2},
    },
    "sinusoid": {
        "benchmark": {"name": "sinusoid", "evaluation_tasks": 5},
        "network": {"hidden_sizes": (6,)},
        "examples": {"shots": 3},
    },
}
CASES = [
    (entry.name, benchmark)
    for entry in algorithms.entries()
    for benchmark in SECTIONS
    if benchmark == "navigation2d" or not entry.config.needs_policy
]


def experiment(algorithm: str, benchmark: str, iterations: int) -> Experiment:
    fields = algorithms.entry(algorithm).config.model_fields
    two_steps = {"inner": {"steps": 2}} if "inner" in fields else {"trial": {"episodes": 3}}
    section: dict[str, Any] = {"name": algorithm, **two_steps}
    if "trial" in fields:
        section["outer"] = {"epochs": 2, "minibatches": 2}
    if "belief" in fields:
        section["belief"] = {"size": 8, "epochs": 2, "minibatches": 2, "imagined": 0.6, "imagined_from": 1}
    outer = fields.get("outer")
    if outer is not None and isinstance(outer.default, TrustRegionConfig):
        section["outer"] = {"name": "adam" if benchmark == "sinusoid" else "trpo"}
    training = {"iterations": iterations, "tasks_per_batch": 3, "evaluate_every": 2, "checkpoint_every": 1}
    data = {"seed": 5, "algorithm": section, "training": training, **SECTIONS[benchmark]}
    return experiment_model(data).model_validate(data)


def run(path: Path, what: Experiment, reporter: Reporter) -> RunDirectory:
    directory = RunDirectory.create(path, what)
    train(what, directory, reporter)
    return directory


def tensors(state: Any) -> list[torch.Tensor]:
    if isinstance(state, dict):
        return [tensor for key in sorted(state, key=str) for tensor in tensors(state[key])]
    return [state] if isinstance(state, torch.Tensor) else []


@pytest.mark.parametrize(("algorithm", "benchmark"), CASES)
def test_a_resumed_run_ends_as_one_that_never_stopped(algorithm: str, benchmark: str, tmp_path: Path) -> None:
    whole = run(tmp_path, experiment(algorithm, benchmark, 4), Watcher())
    parted = run(tmp_path, experiment(algorithm, benchmark, 2), Watcher())
    torch.manual_seed(3)
    train(experiment(algorithm, benchmark, 4), parted, Watcher())
    assert timeless(parted) == timeless(whole)
    ours, theirs = (tensors(each.checkpoints.load("last")["algorithm"]) for each in (parted, whole))
    assert len(ours) == len(theirs) > 0
    assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))


@pytest.mark.parametrize(("algorithm", "benchmark"), CASES)
def test_its_evaluation_has_every_step_and_the_reference_scores(algorithm: str, benchmark: str, tmp_path: Path) -> None:
    directory = run(tmp_path, experiment(algorithm, benchmark, 1), Watcher())
    report = evaluate_run(directory)
    score = {"navigation2d": "return", "sinusoid": "mse"}[benchmark]
    assert [entry["step"] for entry in report["by_step"]] == [0, 1, 2]
    values = [entry[score]["mean"] for entry in report["by_step"]]
    assert len(set(values)) == 3
    assert all(score in reference for reference in report["floors"].values())
    assert report[{"navigation2d": "episodes", "sinusoid": "shots"}[benchmark]] in (2, 3)
    assert list((directory.path / "eval").glob("test-*.json"))
    of_memory = {"other_split", "without_rewards"} & report.keys()
    assert len(of_memory) == (2 if report["data_by_step"] == [0, 1, 2] and benchmark == "navigation2d" else 0)
    for name in of_memory:
        assert [entry["step"] for entry in report[name]["by_step"]] == [0, 1, 2]


def test_the_number_of_examples_can_be_another_in_an_evaluation(tmp_path: Path) -> None:
    directory = run(tmp_path, experiment("maml", "sinusoid", 1), Watcher())
    few, many = (evaluate_run(directory, data_per_task=shots) for shots in (1, 50))
    assert (few["shots"], many["shots"]) == (1, 50)
    assert few["by_step"][0] == many["by_step"][0]
    assert few["by_step"][1] != many["by_step"][1]


def test_an_evaluation_that_is_not_finite_names_the_task(tmp_path: Path) -> None:
    section = {"name": "scratch", "inner": {"steps": 1, "learning_rate": 5.0}}
    data = {"algorithm": section, "training": {"iterations": 1}, **SECTIONS["sinusoid"]}
    directory = run(tmp_path, experiment_model(data).model_validate(data), Watcher())
    assert len(evaluate_run(directory)["by_step"]) == 2
    with pytest.raises(Diverged, match=r"checkpoint 1: the inner loss of test task \d+ is not finite"):
        evaluate_run(directory, steps=60)
