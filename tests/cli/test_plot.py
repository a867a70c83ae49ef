import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from mlrun.analysis.plots import FIGURES, FORMATS
from mlrun.extras import install_command
from tests.run_results import REACH, SINUSOID, make_run, report

ROWS = [
    {
        "iteration": i,
        "eval/pre/mse": 3.0,
        "eval/post/mse": 1.0,
        "time/collect": 1.0,
        "time/update": 1.0,
        "time": 2.0 * i,
    }
    for i in (1, 2)
]


@pytest.fixture
def make(mlrun, tmp_path):
    """Makes a run with so many iterations, with or without an evaluation."""

    def make(*settings, text=SINUSOID, iterations=2, evaluated=True):
        run = make_run(tmp_path, text, *settings, rows=ROWS[:iterations])
        if evaluated:
            written = report(run, [{"mse": [4.0, 2.0]}, {"mse": [1.0, 0.5]}])
            for task, place in zip(written["per_task"], ([1.0, 0.5], [4.0, 3.0]), strict=True):
                task["parameters"] = place
            run.save_evaluation(written)
        return run

    return make


def files(directory, names=FIGURES, formats=FORMATS):
    return [f"{directory}/{name}.{kind}" for name, kind in product(names, formats)]


def test_all_figures_of_a_run_go_into_it_and_stdout_names_them(mlrun, make):
    run = make()
    outcome = mlrun("plot", run.id)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == files(f"runs/{run.id}/plots")
    assert sorted(path.name for path in (run.path / "plots").iterdir()) == sorted(map(str, map(Path, files("."))))
    assert mlrun("runs", "ls").code == 0


def test_figures_of_several_runs_go_beside_them(mlrun, make):
    outcome = mlrun("plot", make("seed=1").id, make("seed=2").id, "--figure", "time_split")
    assert (outcome.code, outcome.out.splitlines()) == (0, files("plots", ["time_split"]))


def test_options_choose_directory_figures_and_formats(mlrun, make):
    run = make()
    chosen = ("--figure", "time_split", "--figure", "goal_map", "--format", "svg")
    outcome = mlrun("plot", run.id, *chosen, "-o", "a/b")
    assert outcome.out.splitlines() == files("a/b", ["time_split", "goal_map"], ["svg"])
    assert not (run.path / "plots").exists()


def test_a_figure_without_data_is_left_out_with_the_reason(mlrun, make):
    run = make(iterations=1, evaluated=False)
    outcome = mlrun("plot", run.id, "--format", "png")
    assert (outcome.code, outcome.out.splitlines()) == (0, files(f"runs/{run.id}/plots", ["time_split"], ["png"]))
    curves, steps, goals = outcome.err.splitlines()
    assert curves == "learning_curves is not drawn: a curve takes 2 iterations, and it has 1"
    assert f"mlrun eval runs/{run.id}" in steps
    assert goals.startswith("goal_map is not drawn: ")


def test_a_run_without_data_is_left_out_of_a_figure_and_the_others_are_drawn(mlrun, make):
    good, bare = make("seed=1"), make("seed=2", evaluated=False)
    outcome = mlrun("plot", good.id, bare.id, "--figure", "adaptation_steps")
    assert (outcome.code, outcome.out.splitlines()) == (0, files("plots", ["adaptation_steps"]))
    assert outcome.err.startswith(f"adaptation_steps: without {bare.id}: it has no evaluation")


@pytest.mark.parametrize("count", [1, 2])
def test_it_is_a_failure_if_nothing_can_be_drawn(mlrun, make, count):
    runs = [make(f"seed={seed}", iterations=0, evaluated=False).id for seed in range(count)]
    outcome = mlrun("plot", *runs)
    assert (outcome.code, outcome.out) == (1, "")
    lines = outcome.err.splitlines()
    assert len(lines) == len(FIGURES) * count
    assert all(line.startswith("mlrun: error: ") for line in lines)
    assert not Path("plots").exists()
    assert not list(Path("runs").glob("*/plots"))


def test_running_and_diverged_runs_are_drawn_as_far_as_they_got(mlrun, make):
    running, diverged = make("seed=1"), make("seed=2")
    diverged.metrics.append({"iteration": 3, "eval/post/mse": float("nan"), "time": 6.0})
    diverged.manifest.start()
    diverged.manifest.end("diverged", "iteration 3: the loss is not finite", 1.0)
    with running.training(), running.metrics.path.open("a") as file:
        file.write('{"iteration": 3, "eval/po')
        file.flush()
        outcome = mlrun("plot", running.id, diverged.id, "--format", "png")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == files("plots", formats=["png"])


def test_runs_of_different_benchmarks_are_refused_with_what_differs(mlrun, make):
    sinusoid, reach = make(), make(text=REACH, evaluated=False)
    outcome = mlrun("plot", sinusoid.id, reach.id)
    assert (outcome.code, outcome.out) == (2, "")
    [line] = outcome.err.splitlines()
    assert f"benchmark.name is sinusoid in {sinusoid.id} and ml1/reach-v3 in {reach.id}" in line


def test_more_experiments_than_there_are_colours_are_refused(mlrun, make):
    runs = [make(f"training.iterations={3 + number}") for number in range(8)]
    outcome = mlrun("plot", *(run.id for run in runs))
    assert (outcome.code, outcome.out) == (2, "")
    assert "7 experiments" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--figure", "goal_maps"], "did you mean 'goal_map'?"),
        (["--format", "pdf"], "choices: 'png', 'svg'"),
        (["-o", "experiment.yaml"], "'experiment.yaml' is a file"),
    ],
)
def test_a_mistake_is_one_line(mlrun, make, arguments, said):
    outcome = mlrun("plot", make().id, *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    [line] = outcome.err.splitlines()
    assert said in line


def test_plots_that_is_a_link_is_refused(mlrun, make, tmp_path):
    run = make()
    (run.path / "plots").symlink_to(tmp_path)
    outcome = mlrun("plot", run.id)
    assert (outcome.code, outcome.out) == (1, "")
    assert "plots is a link" in outcome.err


def test_without_matplotlib_one_line_says_what_to_install(mlrun, make, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    outcome = mlrun("plot", make().id)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == f"mlrun: error: drawing figures needs another package: {install_command('plot')}\n"


def test_drawing_loads_neither_torch_nor_a_window_system(make):
    run = make()
    code = f"""
import sys
from mlrun.cli import main
assert "matplotlib" not in sys.modules
assert main(["plot", {str(run.path)!r}, "--format", "svg"]) == 0
print(sorted({{"torch", "mujoco", "matplotlib.pyplot", "tkinter"}} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.search(r"^\[\]$", done.stderr, re.MULTILINE), done.stderr
