from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mlrun.extras import install_command

SINUSOID = """
benchmark: {name: sinusoid, evaluation_tasks: 4}
algorithm: {name: meta-sgd, outer: {name: adam}}
network: {hidden_sizes: [8]}
training: {iterations: 1}
"""
MEASURES = ("movement", "representation", "rates", "agreement")
FIGURES = [f"explain-{measure}.{kind}" for measure in MEASURES for kind in ("png", "svg")]


@pytest.fixture
def run(mlrun, tmp_path) -> str:
    (tmp_path / "tiny.yaml").write_text(SINUSOID)
    return mlrun("train", "tiny.yaml").out.strip()


@pytest.fixture
def no_matplotlib(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)


def test_stdout_has_a_table_and_a_caption_for_each_measure_and_then_the_figures(mlrun, run):
    outcome = mlrun("explain", run)
    assert outcome.code == 0, outcome.err
    title, *_ = outcome.out.splitlines()
    assert title == "sinusoid, 4 test tasks; meta-sgd, checkpoint 1, 1 adaptation step on 10 examples"
    tables, figures = outcome.out.rsplit("\n\n", 1)
    assert figures.splitlines() == [f"{run}/plots/{name}" for name in FIGURES]
    assert sorted(path.name for path in Path(run, "plots").iterdir()) == sorted(FIGURES)
    sections = tables.split("\n\n")[1:]
    assert len(sections) == 4
    for section in sections:
        _, head, *rows, caption = section.splitlines()
        names = [line.split("  ")[0] for line in (head, *rows)]
        if names[0] == "parameter":
            assert names[1:] == ["hidden 1 weight", "hidden 1 bias", "head weight", "head bias"]
        else:
            assert [name for name in names if name != "all"] == ["layer", "hidden 1", "head"]
        assert caption.endswith(".")


def test_json_has_the_same_numbers_and_the_figures(mlrun, run, tmp_path):
    outcome = mlrun("explain", run, "--split", "train", "--steps", 3, "-o", tmp_path / "new" / "figures", "--json")
    assert outcome.code == 0, outcome.err
    report = json.loads(outcome.out)
    assert (report["split"], report["steps"], report["tasks"], report["shots"]) == ("train", 3, 4, 10)
    assert report["figures"] == [str(tmp_path / "new" / "figures" / name) for name in FIGURES]
    assert all(Path(path).stat().st_size for path in report["figures"])
    assert not Path(run, "plots").exists()


@pytest.mark.usefixtures("no_matplotlib")
def test_the_tables_have_the_numbers_of_the_json(mlrun, run):
    table, report = mlrun("explain", run).out, json.loads(mlrun("explain", run, "--json").out)
    layers = {measure: report[measure]["layers"]["head"] for measure in MEASURES if measure != "rates"}
    for shown in (
        f"{layers['movement']['relative']['mean']:.3g}",
        f"{layers['representation']['similarity']['min']:.4f}",
        f"{report['rates']['parameters']['head bias']['median']:.3g}",
        f"{layers['agreement']['between_tasks']['mean']:.2f}",
    ):
        assert f" {shown} " in table


@pytest.mark.usefixtures("no_matplotlib")
def test_a_run_without_learned_rates_has_no_table_of_them(mlrun, tmp_path):
    (tmp_path / "tiny.yaml").write_text(SINUSOID)
    run = mlrun("train", "tiny.yaml", "--set", "algorithm.name=anil").out.strip()
    outcome = mlrun("explain", run)
    assert outcome.code == 0
    assert "rate" not in outcome.out
    agreement = outcome.out.split("agreement between tasks")[1]
    [hidden] = [line for line in agreement.splitlines() if line.startswith("hidden 1")]
    assert hidden.split()[2:] == ["-", "-", "-", "-"]


@pytest.mark.usefixtures("no_matplotlib")
def test_without_matplotlib_there_are_tables_and_a_note(mlrun, run):
    outcome = mlrun("explain", run)
    assert outcome.code == 0
    assert "movement in adaptation" in outcome.out
    assert ".png" not in outcome.out
    assert install_command("plot") in outcome.err.splitlines()[-1]
    assert not Path(run, "plots").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--checkpoint", "first"], 2, "--checkpoint must be 'best', 'last' or a number"),
        (["--checkpoint", "7"], 2, "has no checkpoint of iteration 7; there are: 1"),
        (["--steps", "0"], 2, "--steps"),
        (["-o", "tiny.yaml"], 2, "'tiny.yaml' is a file"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(mlrun, run, arguments, code, said):
    outcome = mlrun("explain", run, *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert said in outcome.err.splitlines()[-1]
    assert outcome.err.splitlines()[-1].startswith("mlrun: error: ")
    assert not Path(run, "plots").exists()


def test_a_run_without_a_checkpoint_says_so(mlrun, run):
    for path in Path(run, "checkpoints").iterdir():
        path.unlink()
    outcome = mlrun("explain", run)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.splitlines()[-1].endswith("has no checkpoint 'last' yet")
