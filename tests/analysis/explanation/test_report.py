from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

from mlrun.analysis.explanation.explain import explain_run
from mlrun.analysis.explanation.report import explanation_report, share_negative, spread
from mlrun.runs.files import finite_or_none
from tests.training.test_all_algorithms import experiment, run
from tests.training.watcher import Watcher

TASKS = 5


def test_a_report_has_every_task_and_is_plain_data(tmp_path: Path) -> None:
    directory = run(tmp_path, experiment("anil", "navigation2d", 1), Watcher())
    found = explain_run(directory)
    report = explanation_report(directory, found)
    parsed = json.loads(json.dumps(finite_or_none(report), allow_nan=False))
    assert (parsed["split"], parsed["tasks"], parsed["steps"], parsed["episodes"]) == ("test", TASKS, 2, 2)
    assert parsed["agreement"]["layers"]["hidden 1"]["between_tasks"]["mean"] is None
    distances = [task["relative_distance"]["head"] for task in parsed["per_task"]]
    assert sum(distances) / TASKS == pytest.approx(parsed["movement"]["layers"]["head"]["relative"]["mean"])
    others = [task["cosine_with_others"] for task in parsed["per_task"]]
    assert sum(others) / TASKS == pytest.approx(parsed["agreement"]["layers"]["all"]["between_tasks"]["mean"])


def test_a_single_task_has_no_others(tmp_path: Path) -> None:
    base = experiment("maml", "sinusoid", 1)
    alone = base.model_copy(update={"benchmark": base.benchmark.model_copy(update={"evaluation_tasks": 1})})
    directory = run(tmp_path, alone, Watcher())
    report = explanation_report(directory, explain_run(directory))
    assert math.isnan(report["agreement"]["layers"]["all"]["between_tasks"]["mean"])
    assert report["movement"]["layers"]["head"]["relative"]["std"] == 0


def test_nan_does_not_count() -> None:
    values = torch.tensor([[3.0, torch.nan], [-1.0, 0.0]])
    found = spread(values)
    assert found == pytest.approx(
        {"mean": 2 / 3, "std": math.sqrt(26) / 3, "min": -1, "q25": -0.5, "median": 0, "q75": 1.5, "max": 3}
    )
    assert share_negative(values) == pytest.approx(1 / 3)


def test_of_nan_alone_all_is_undefined() -> None:
    nothing = torch.full((3,), torch.nan)
    assert all(math.isnan(number) for number in spread(nothing).values())
    assert math.isnan(share_negative(nothing))
