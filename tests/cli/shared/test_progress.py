import io

import pytest
from rich.console import Console

from mlrun.analysis.films.episode import Moment
from mlrun.cli.shared.progress import (
    LiveProgress,
    Pace,
    PlainProgress,
    drawing_progress,
    live_drawing,
    plain_drawing,
    training_progress,
)

SCORES = {"return": 31.2, "success_any": 0.125, "success_last": 0.1}
ADAPTED = {"return": 212.5, "success_any": 0.85, "success_last": 0.8}
MOMENTS = [Moment(step, [], []) for step in (0, 4, 8, 12, 16, 20, 20, 20)]


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def row(iteration, prefix=""):
    scores = {f"{prefix}pre/{name}": value for name, value in SCORES.items()}
    adapted = {f"{prefix}post/{name}": value for name, value in ADAPTED.items()}
    return {"iteration": iteration, **scores, **adapted, "kl": 0.0098, "accepted": 1.0, "env_steps_per_second": 21400.0}


def iterations_reported(stream):
    return [int(line.split()[1].split("/")[0]) for line in stream.getvalue().splitlines()]


def test_plain_lines_are_the_first_the_last_and_one_every_five_seconds(clock):
    stream = io.StringIO()
    reporter = PlainProgress(stream, clock)
    for iteration in range(1, 15):
        clock.now += 2.0
        reporter.iteration(row(iteration), 14)
    assert iterations_reported(stream) == [1, 4, 7, 10, 13, 14]


def test_a_plain_line_has_the_scores_before_and_after_adaptation(clock):
    stream = io.StringIO()
    reporter = PlainProgress(stream, clock)
    clock.now = 3.0
    reporter.iteration(row(1), 11)
    assert stream.getvalue() == (
        "iteration 1/11  return 31.2 -> 212.5  any-step 12% -> 85%  last-step 10% -> 80%"
        "  KL 0.0098 accepted  21,400 env steps/s  0:30 left\n"
    )


def test_a_plain_line_shows_errors_and_one_number_if_there_is_no_score_after_adaptation(clock):
    stream = io.StringIO()
    PlainProgress(stream, clock).iteration({"iteration": 1, "pre/mse": 2.97133, "examples_per_second": 163339.3}, 1)
    assert stream.getvalue() == "iteration 1/1  error 2.971  163,339 examples/s  0:00 left\n"


def test_a_closed_stderr_does_not_end_training(clock):
    class Gone(io.StringIO):
        def write(self, _):
            raise BrokenPipeError

    reporter = PlainProgress(Gone(), clock)
    reporter.iteration(row(1), 2)
    reporter.note("still here")


def test_off_a_terminal_progress_is_plain(monkeypatch, capfd):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with training_progress("a run") as reporter:
        reporter.iteration(row(1), 1)
    assert "\x1b" not in capfd.readouterr().err


def test_the_time_left_follows_the_recent_iterations_and_counts_down(clock):
    pace = Pace(clock)
    assert pace.remaining(10) is None
    for seconds, estimate in ((100.0, 1000.0), (4.0, 40.0), *[(2.0, None)] * 20):
        clock.now += seconds
        pace.tick()
        assert estimate in (None, pace.remaining(10))
    assert pace.remaining(10) == pytest.approx(20.0)
    clock.now += 1.5
    assert pace.remaining(10) == pytest.approx(18.5)
    clock.now += 100
    assert pace.remaining(10) == 0.0


def test_the_live_display_shows_the_iteration_and_the_last_evaluation(clock):
    console = Console(file=io.StringIO(), width=100, record=True)
    reporter = LiveProgress("the run", console, clock)
    console.print(reporter)
    assert "setting up" in console.export_text()
    clock.now = 4.0
    reporter.evaluation(37, row(37, "eval/"))
    reporter.iteration(row(37), 100)
    console.print(reporter)
    text = console.export_text()
    for part in ("iteration 37/100", "0:04 elapsed, 4:12 left", "evaluation after iteration 37", "21,400 env steps/s"):
        assert part in text
    assert text.count("31.2 → 212.5") == 2


def drawn(moments, clock, seconds):
    """Iterates over the moments; each takes so many seconds to draw."""
    for moment in moments:
        clock.now += seconds
        yield moment


def test_plain_lines_of_drawing_come_every_few_seconds_and_not_at_the_end(clock, capfd):
    assert list(drawn(plain_drawing(MOMENTS, 20, clock), clock, 3.0)) == MOMENTS
    assert capfd.readouterr() == ("", "step 4/20  0:24 left\nstep 12/20  0:08 left\n")


def test_fast_drawing_prints_no_line(capfd):
    with drawing_progress(MOMENTS, 20) as shown:
        assert list(shown) == MOMENTS
    assert capfd.readouterr() == ("", "")


def test_on_a_terminal_a_bar_is_shown_and_disappears(capfd):
    screen = io.StringIO()
    with live_drawing(MOMENTS, 20, Console(file=screen, force_terminal=True)) as shown:
        assert list(shown) == MOMENTS
    assert "step 20/20" in screen.getvalue()
    assert screen.getvalue().endswith("\x1b[2K")
    assert capfd.readouterr() == ("", "")
