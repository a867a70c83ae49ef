import io

from rich.console import Console

from mlrun.analysis.films.episode import Moment
from mlrun.cli.episode_progress import live, plain, shown_on_stderr

MOMENTS = [Moment(step, [], []) for step in (0, 4, 8, 12, 16, 20, 20, 20)]


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def drawn(moments, clock, seconds):
    """What is drawn, if each moment takes so long."""
    for moment in moments:
        clock.now += seconds
        yield moment


def test_plain_lines_come_every_few_seconds_and_not_at_the_end(capfd):
    clock = Clock()
    assert list(drawn(plain(MOMENTS, 20, clock), clock, 3.0)) == MOMENTS
    assert capfd.readouterr() == ("", "step 4/20  0:24 left\nstep 12/20  0:08 left\n")


def test_what_is_drawn_within_seconds_needs_no_line(capfd):
    with shown_on_stderr(MOMENTS, 20) as shown:
        assert list(shown) == MOMENTS
    assert capfd.readouterr() == ("", "")


def test_on_a_terminal_a_bar_follows_and_leaves_nothing_behind(capfd):
    screen = io.StringIO()
    with live(MOMENTS, 20, Console(file=screen, force_terminal=True)) as shown:
        assert list(shown) == MOMENTS
    assert "step 20/20" in screen.getvalue()
    assert screen.getvalue().endswith("\x1b[2K")
    assert capfd.readouterr() == ("", "")
