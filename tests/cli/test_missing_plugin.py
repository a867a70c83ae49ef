"""Runs whose algorithm comes from a package that is no longer installed."""

import csv
import io
import json

import pytest

from tests.run_results import SINUSOID, make_run, report

ROWS = [{"iteration": i, "eval/pre/mse": 4.0, "eval/post/mse": 1.0 / i, "examples": 80, "time": 2.0} for i in (1, 2, 3)]


@pytest.fixture
def runs(mlrun, tmp_path):
    """The paths of two runs. The second names an algorithm that no installed package provides."""
    paths = []
    for seed in (0, 1):
        run = make_run(tmp_path, SINUSOID, f"seed={seed}", rows=ROWS)
        run.save_evaluation(report(run, [{"mse": [4.0, 2.0]}, {"mse": [1.0, 0.5]}]))
        paths.append(run.path)
    config, manifest = paths[1] / "config.yaml", paths[1] / "run.json"
    config.write_text(config.read_text().replace("name: reptile\n", "name: mine\n  momentum: 0.5\n"))
    record = json.loads(manifest.read_text())
    record["experiment"]["algorithm"].update(name="mine", momentum=0.5)
    manifest.write_text(json.dumps(record))
    return paths


def test_their_results_are_compared_exported_and_drawn(mlrun, runs):
    compared = json.loads(mlrun("runs", "compare", *runs, "--json").out)
    assert [group["label"] for group in compared["groups"]] == ["algorithm.name=reptile", "algorithm.name=mine"]
    assert compared["groups"][1]["differences"]["algorithm.momentum"] == 0.5
    for what, rows in (("metrics", 3), ("evaluations", 4)):
        exported = list(csv.DictReader(io.StringIO(mlrun("runs", "export", *runs, "--what", what).out)))
        assert [row["algorithm.name"] for row in exported] == ["reptile"] * rows + ["mine"] * rows
    curves = mlrun("plot", *runs, "--figure", "learning_curves", "--figure", "adaptation_steps")
    assert (curves.code, curves.err) == (0, "")
    page = mlrun("report", *runs)
    assert (page.code, page.err) == (0, "")


@pytest.mark.parametrize("verb", ["resume", "eval", "explain", "render"])
def test_verbs_that_need_the_package_say_so_in_one_line(mlrun, runs, verb):
    outcome = mlrun(verb, runs[1])
    assert (outcome.code, outcome.out) == (2, "")
    [line] = outcome.err.splitlines()
    assert "config.yaml:" in line
    assert "unknown algorithm 'mine'" in line
    assert "no installed package provides it" in line


def test_ls_lists_them_and_show_says_what_is_missing(mlrun, runs):
    assert runs[1].name in mlrun("runs", "ls").out
    shown = mlrun("runs", "show", runs[1])
    assert shown.code == 0
    [problem] = [line for line in shown.out.splitlines() if line.startswith("problems")]
    assert "no installed package provides it" in problem
