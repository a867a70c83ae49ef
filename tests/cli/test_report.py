import subprocess
import sys
from pathlib import Path

import pytest

from mlrun.extras import install_command
from tests.analysis.report.reading import Page
from tests.run_results import SINUSOID, make_run, report


@pytest.fixture
def make(mlrun, tmp_path):
    """Makes an evaluated run without iterations. Its tasks cannot be drawn on a map."""

    def make(*settings):
        run = make_run(tmp_path, SINUSOID, *settings)
        written = report(run, [{"mse": [4.0, 2.0]}, {"mse": [1.0, 0.5]}])
        for task in written["per_task"]:
            task["parameters"] = [1.0, 0.5]
        run.save_evaluation(written)
        return run

    return make


def test_a_report_of_a_run_goes_into_it_and_stdout_has_its_path(mlrun, make):
    run = make()
    outcome = mlrun("report", run.id)
    assert (outcome.code, outcome.out, outcome.err) == (0, f"runs/{run.id}/report.html\n", "")
    assert run.id in Page((run.path / "report.html").read_text(encoding="utf-8")).text
    assert mlrun("report", run.id).code == 0


def test_a_report_of_several_runs_goes_into_the_working_directory(mlrun, make):
    outcome = mlrun("report", make("seed=0").id, make("seed=1").id)
    assert (outcome.code, outcome.out) == (0, "report.html\n")
    assert "2 runs" in Page(Path("report.html").read_text(encoding="utf-8")).text


def test_output_chooses_the_file(mlrun, make):
    run = make()
    outcome = mlrun("report", run.path, "-o", "a/b.html")
    assert (outcome.code, outcome.out) == (0, "a/b.html\n")
    assert Path("a/b.html").is_file()
    assert not (run.path / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [(["missing"], 2, "'missing'"), (["-o", "runs", "RUN"], 2, "'runs' is a directory"), ([], 2, "Missing argument")],
)
def test_a_mistake_is_one_line(mlrun, make, arguments, code, said):
    run = make()
    outcome = mlrun("report", *(run.id if word == "RUN" else word for word in arguments))
    assert (outcome.code, outcome.out) == (code, "")
    [line] = outcome.err.splitlines()
    assert said in line


def test_a_damaged_run_is_one_line_and_nothing_is_written(mlrun, make):
    run, damaged = make("seed=0"), make("seed=1")
    (damaged.path / "config.yaml").write_text("benchmark: [")
    outcome = mlrun("report", run.id, damaged.id)
    assert (outcome.code, outcome.out) == (1, "")
    [line] = outcome.err.splitlines()
    assert f"{damaged.id}/config.yaml" in line
    assert not Path("report.html").exists()


def test_videos_that_is_a_link_is_refused(mlrun, make, tmp_path):
    run = make()
    (run.path / "videos").symlink_to(tmp_path)
    outcome = mlrun("report", run.id)
    assert (outcome.code, outcome.out) == (1, "")
    assert "videos is a link" in outcome.err


def test_without_matplotlib_the_page_says_what_it_lacks_and_a_note_says_how_to_install_it(mlrun, make):
    run = make()
    code = """
import sys
from mlrun.cli import main
sys.modules["matplotlib"] = None
sys.exit(main(sys.argv[1:]))
"""
    done = subprocess.run([sys.executable, "-c", code, "report", run.path], capture_output=True, text=True, check=True)
    assert done.stdout == f"{run.path}/report.html\n"
    assert done.stderr == f"drawing figures needs another package: {install_command('plot')}\n"
    page = Page((run.path / "report.html").read_text(encoding="utf-8"))
    assert "Figures: matplotlib, which draws them, was not installed where this page was made." in page.text
    assert page.tables
    assert "img" not in page.tags


def test_neither_torch_nor_mujoco_is_loaded(make):
    run = make()
    code = """
import sys
from mlrun.cli import main
assert main(sys.argv[1:]) == 0
assert not {"torch", "mujoco"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code, "report", run.path], check=True)
