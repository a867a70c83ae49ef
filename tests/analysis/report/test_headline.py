from __future__ import annotations

import pytest

from tests.analysis.report.conftest import ROWS
from tests.run_results import REACH, RL2, of_memory


def test_a_single_run_is_summed_up_in_one_sentence(make, page):
    assert "On 2 held-out tasks, 1 adaptation step lowers mean squared error from 3.000 to 0.750." in page(make()).text


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (
            (9.0, 1.0, 1.0),
            "raises success at any step from 0.50 to 1.00, success at the last step from 0.25 to 1.00 and",
        ),
        ((4.0, 0.5, 0.25), "leaves success at any step at 0.50, success at the last step at 0.25 and return at 4.0."),
        ((4.0, 0.0, 0.5), "lowers success at any step from 0.50 to 0.00, raises success at the last step from 0.25 to"),
        (
            (2.0, 0.5, 0.251),
            "leaves success at any step at 0.50 and success at the last step at 0.25, and lowers return",
        ),
    ],
)
def test_gain_loss_and_no_change_are_told_apart(make, page, after, said):
    names = ("return", "success_any", "success_last")
    by_step = [{name: [value] for name, value in zip(names, step, strict=True)} for step in ((4.0, 0.5, 0.25), after)]
    assert f"On 1 held-out task, 1 adaptation step {said}" in page(make(text=REACH, by_step=by_step), drawn=False).text


def test_several_steps_that_change_nothing_are_told_as_that(make, page):
    run = make("algorithm.inner.steps=2", by_step=[{"mse": [4.0]}] * 3)
    assert "2 adaptation steps leave mean squared error at 4.000." in page(run, drawn=False).text


def test_no_adaptation_is_not_told_as_one(make, page):
    run = make(by_step=[{"mse": [4.0]}])
    assert "On 1 held-out task, without adaptation, mean squared error is 4.000." in page(run).text


def _leave_running(run):
    run.manifest.start()


def _interrupt(run):
    run.manifest.start()
    run.manifest.end("interrupted", "SIGTERM", 1.0)


def _diverge(run):
    run.metrics.append({"iteration": 3, "eval/post/mse": float("nan"), "time": 6.0})
    run.manifest.start()
    run.manifest.end("diverged", "iteration 3: the loss is not finite", 1.0)


def _damage(run):
    (run.path / "run.json").write_text("{")


@pytest.mark.parametrize(
    ("rows", "happens", "said"),
    [
        (0, _leave_running, "Not evaluated yet; 0 iterations of training done."),
        (1, _leave_running, "stopped after 1 of 3 iterations. To go on: mlrun resume"),
        (2, _interrupt, "interrupted after 2 of 3 iterations (SIGTERM). To go on: mlrun resume"),
        (2, _diverge, "diverged after 3 of 3 iterations (iteration 3: the loss is not finite)."),
        (2, _damage, "run.json is damaged"),
    ],
)
def test_a_run_that_is_not_whole_says_how_it_stands(make, page, rows, happens, said):
    run = make(rows=ROWS[:rows], by_step=())
    happens(run)
    report = page(run)
    assert said in report.text
    assert "not evaluated on held-out tasks" in report.text


def test_a_run_in_training_shows_what_it_has_reached_on_training_tasks(make, page):
    run = make(rows=ROWS[:2], by_step=())
    with run.training():
        report = page(run)
    assert (
        "On training tasks, after iteration 2 of 3, adaptation lowers mean squared error from 3.000 to 0.500"
        in report.text
    )
    assert "running after 2 of 3 iterations." in report.text
    assert "mlrun resume" not in report.text


def test_a_memory_takes_episodes_and_not_steps(make, page):
    steps = [{"return": [1.0]}, {"return": [2.0]}, {"return": [4.0]}]
    rl2 = make(text=RL2, by_step=steps, **of_memory(steps))
    alone = page(rl2, drawn=False)
    assert "On 1 held-out task, 2 adaptation episodes raise return from 1.0 to 4.0." in alone.text
    assert "1 adaptation episode per step, mean of 10 trials per task" in alone.text
    assert [row[0] for row in alone.tables[0] if row[0].startswith("episode")] == [
        f"episode {n} of a trial" for n in (1, 2, 3)
    ]
    both = page(rl2, make(text=REACH, by_step=[{"return": [1.0]}, {"return": [3.0]}]), drawn=False)
    assert "After adaptation, return on 1 held-out task is 4.0 for rl2 and 3.0 for maml." in both.text
    comparison = both.tables[0]
    assert [row[-1] for row in comparison if row[0] in ("", "rl2", "maml")] == ["adaptation episodes", "2", "10"]
    assert {len(row) for row in comparison if len(row) > 1} == {6}
