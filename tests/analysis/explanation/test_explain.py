"""Explanations of every algorithm on both kinds of problem."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from mlrun.analysis.explanation.explain import Explanation, explain_run
from mlrun.analysis.explanation.report import explanation_report
from mlrun.config.schema import Experiment
from mlrun.errors import Diverged, MlrunError
from mlrun.training.evaluation import adapt_run
from tests.training.test_all_algorithms import CASES, experiment, run
from tests.training.watcher import Watcher

TASKS = 5
BY_LAYERS = [case for case in CASES if case[0] not in ("rl2", "varibad")]
NETWORK = ["hidden 1", "head"]


def with_section(base: Experiment, section: str, **values: Any) -> Experiment:
    return base.model_copy(update={section: getattr(base, section).model_copy(update=values)})


@pytest.mark.parametrize(("algorithm", "benchmark"), BY_LAYERS)
def test_it_measures_the_adaptation_that_is_evaluated(algorithm: str, benchmark: str, tmp_path: Path) -> None:
    directory = run(tmp_path, experiment(algorithm, benchmark, 1), Watcher())
    found = explain_run(directory, split="train")
    first, *_, last = (learner.parameters for learner in adapt_run(directory, split="train").by_step)
    prefix = "mean." if benchmark == "navigation2d" else ""
    for number, layer in enumerate(NETWORK):
        names = [f"{prefix}{number}.weight", f"{prefix}{number}.bias"]
        moved = sum((last[name] - first[name]).double().square().flatten(1).sum(1) for name in names)
        length = sum(first[name].double().square().flatten(1).sum(1) for name in names)
        assert isinstance(moved, torch.Tensor)
        torch.testing.assert_close(found.distance[layer], moved.sqrt())
        torch.testing.assert_close(found.relative_distance[layer], (moved / length).sqrt())
        assert found.sizes[layer] == sum(first[name][0].numel() for name in names)
    own = [] if benchmark == "sinusoid" else ["log_std"]
    assert list(found.distance) == [*NETWORK, *own]
    assert list(found.similarity) == list(found.shift) == NETWORK
    assert list(found.cosines) == ["all", *NETWORK, *own]
    assert found.samples == {"navigation2d": 8, "sinusoid": 100}[benchmark]


@pytest.mark.parametrize(("algorithm", "benchmark"), BY_LAYERS)
def test_layers_that_do_not_adapt_stay_exactly_the_same(algorithm: str, benchmark: str, tmp_path: Path) -> None:
    found = explain_run(run(tmp_path, experiment(algorithm, benchmark, 1), Watcher()))
    assert (found.distance["head"] > 0).all()
    assert (found.shift["head"] > 0).all()
    torch.testing.assert_close(found.cosines["head"].diagonal(), torch.ones(TASKS, dtype=torch.float64))
    hidden = (found.distance["hidden 1"], 1 - found.similarity["hidden 1"], found.change["hidden 1"])
    if algorithm == "anil":
        assert not any(values.any() for values in hidden)
        assert found.cosines["hidden 1"].isnan().all()
        torch.testing.assert_close(found.cosines["all"][0, 1:], _all_moved(found)[0, 1:])
    else:
        assert all((values > 0).all() for values in hidden)


def _all_moved(found: Explanation) -> torch.Tensor:
    """The cosines of the layers that move, computed from the cosines of each layer."""
    moving = {layer: distance for layer, distance in found.distance.items() if distance.any()}
    products = sum(distance.outer(distance) * found.cosines[layer] for layer, distance in moving.items())
    lengths = sum(distance.square() for distance in moving.values())
    assert isinstance(products, torch.Tensor)
    assert isinstance(lengths, torch.Tensor)
    return products / lengths.outer(lengths).sqrt()


@pytest.mark.parametrize("benchmark", ["navigation2d", "sinusoid"])
def test_learned_rates_are_those_of_the_checkpoint(benchmark: str, tmp_path: Path) -> None:
    directory = run(tmp_path, experiment("meta-sgd", benchmark, 3), Watcher())
    found = explain_run(directory, checkpoint="last")
    saved = directory.checkpoints.load("last")["algorithm"]["parameters"]
    rates = {name: tensor for name, tensor in saved.items() if name.startswith("rate/")}
    expected = torch.cat([tensor.flatten() for tensor in rates.values()]).double()
    assert torch.equal(torch.cat(list(found.rates.values())), expected)
    low, high = directory.experiment().algorithm.inner.learning_rate  # pyright: ignore[reportAttributeAccessIssue]
    first = torch.cat(list(found.initial_rates.values()))
    assert low <= float(first.min()) < float(first.max()) <= high
    assert not torch.equal(first, expected)


@pytest.mark.parametrize("algorithm", ["maml", "anil", "reptile", "scratch"])
def test_rates_that_are_a_setting_are_not_learned(algorithm: str, tmp_path: Path) -> None:
    directory = run(tmp_path, experiment(algorithm, "sinusoid", 1), Watcher())
    found = explain_run(directory)
    assert found.rates == found.initial_rates == {}
    assert explanation_report(directory, found)["rates"] is None


def test_the_number_of_steps_can_be_given(tmp_path: Path) -> None:
    untouched = with_section(experiment("maml", "sinusoid", 1), "evaluation", steps=0)
    directory = run(tmp_path, untouched, Watcher())
    with pytest.raises(MlrunError, match=r"evaluation\.steps is 0; give --steps"):
        explain_run(directory)
    one, three = (explain_run(directory, steps=steps) for steps in (1, 3))
    assert (three.distance["head"] > one.distance["head"]).all()


def test_the_report_is_reproducible_and_other_data_give_other_directions(tmp_path: Path) -> None:
    directory = run(tmp_path, experiment("maml", "navigation2d", 1), Watcher())
    first, second = (explanation_report(directory, explain_run(directory)) for _ in range(2))
    assert json.dumps(first) == json.dumps(second)
    assert first["agreement"]["layers"]["all"]["same_task"]["max"] < 1 - 1e-6


def test_adaptation_that_diverges_names_the_task(tmp_path: Path) -> None:
    base = experiment("scratch", "sinusoid", 1)
    wild = with_section(base, "algorithm", inner=base.algorithm.inner.model_copy(update={"learning_rate": 5.0}))  # pyright: ignore[reportAttributeAccessIssue]
    directory = run(tmp_path, wild, Watcher())
    with pytest.raises(Diverged, match=r"checkpoint 1: .* of test task \d+ is not finite"):
        explain_run(directory, steps=60)
