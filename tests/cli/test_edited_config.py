"""Runs whose config.yaml was edited after they were made."""

import json

import pytest

from tests.run_results import SINUSOID, make_run, report

ROWS = [{"iteration": i, "eval/pre/mse": 4.0, "eval/post/mse": 1.0 / i, "examples": 80, "time": 2.0} for i in (1, 2, 3)]


@pytest.fixture
def run(mlrun, tmp_path):
    run = make_run(tmp_path, SINUSOID, rows=ROWS)
    run.save_evaluation(report(run, [{"mse": [4.0, 2.0]}, {"mse": [1.0, 0.5]}]))
    return run.path


def edit(run, before, after):
    config = run / "config.yaml"
    assert before in config.read_text()
    config.write_text(config.read_text().replace(before, after))


@pytest.mark.parametrize(
    "verb", ["resume", "eval", "explain", "render", "plot", "report", ("runs", "compare"), ("runs", "export")]
)
def test_verbs_refuse_a_run_whose_experiment_was_edited(mlrun, run, verb):
    manifest = (run / "run.json").read_text()
    edit(run, "seed: 0", "seed: 7")
    outcome = mlrun(*((verb,) if isinstance(verb, str) else verb), run)
    assert (outcome.code, outcome.out) == (2, "")
    [line] = outcome.err.splitlines()
    assert f"{run}/config.yaml is not what this run was trained with: seed was 0 and is 7" in line
    assert (run / "run.json").read_text() == manifest


def test_several_edited_runs_give_the_same_exit_code(mlrun, run, tmp_path):
    other = make_run(tmp_path, SINUSOID, "seed=1", rows=ROWS).path
    edit(run, "shots: 10", "shots: 5")
    edit(other, "shots: 10", "shots: 5")
    outcome = mlrun("runs", "export", run, other)
    assert (outcome.code, len(outcome.err.splitlines())) == (2, 2)


def test_the_evaluation_section_may_be_edited_but_not_before_a_resume(mlrun, run):
    manifest = (run / "run.json").read_text()
    edit(run, "evaluation:\n  steps: null", "evaluation:\n  steps: 3")
    assert mlrun("runs", "compare", run).code == 0
    outcome = mlrun("resume", run)
    assert (outcome.code, outcome.out) == (2, f"{run}\n")
    assert "evaluation.steps was None and is 3" in outcome.err
    assert (run / "run.json").read_text() == manifest
    shown = json.loads(mlrun("runs", "show", run, "--json").out)
    assert len(shown["problems"]) == 1
    assert shown["next"] == []


def test_show_lists_the_edit_as_a_problem(mlrun, run):
    edit(run, "hidden_sizes: [40, 40]", "hidden_sizes: [20]")
    [problem] = json.loads(mlrun("runs", "show", run, "--json").out)["problems"]
    assert "network.hidden_sizes was [40, 40] and is [20]" in problem


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("iterations: 3", "iterations: 9"),
        ("device: auto", "device: cpu"),
        ("evaluation:\n", "evaluation: # or so\n"),
        ("  activation: relu\n", ""),  # the default
    ],
)
def test_harmless_edits_are_no_problem(mlrun, run, before, after):
    edit(run, before, after)
    assert mlrun("runs", "compare", run).code == 0
    assert json.loads(mlrun("runs", "show", run, "--json").out)["problems"] == []


def test_a_run_without_a_record_of_its_experiment_is_accepted(mlrun, run):
    manifest = run / "run.json"
    record = json.loads(manifest.read_text())
    del record["experiment"]
    manifest.write_text(json.dumps(record))
    edit(run, "seed: 0", "seed: 7")
    assert mlrun("runs", "compare", run).code == 0
