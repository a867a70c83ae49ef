"""How far the drawing of episodes has come: a bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlrun.cli.shared.output import note
from mlrun.cli.shared.progress import SECONDS_BETWEEN_LINES, on_terminal
from mlrun.wording import duration

if TYPE_CHECKING:
    from rich.console import Console

    from mlrun.analysis.films.episode import Moment


@contextmanager
def shown_on_stderr(moments: Iterable[Moment], horizon: int) -> Iterator[Iterator[Moment]]:
    """The same moments of episodes of `horizon` control steps, and on stderr how many of them have passed."""
    if not on_terminal():
        yield plain(moments, horizon)
        return
    from rich.console import Console

    with live(moments, horizon, Console(stderr=True)) as watched:
        yield watched


def plain(moments: Iterable[Moment], horizon: int, clock: Callable[[], float] = time.monotonic) -> Iterator[Moment]:
    """A line every few seconds, and so none where drawing takes no longer than that.

    Args:
        moments: to draw.
        horizon: control steps of the episodes.
        clock: monotonic time in seconds.
    """
    started = last_line = clock()
    for moment in moments:
        yield moment
        now = clock()
        if now - last_line >= SECONDS_BETWEEN_LINES and 0 < moment.step < horizon:
            last_line = now
            left = (now - started) * (horizon - moment.step) / moment.step
            note(f"step {moment.step}/{horizon}  {duration(left)} left")


@contextmanager
def live(moments: Iterable[Moment], horizon: int, console: Console) -> Iterator[Iterator[Moment]]:
    """A bar, which leaves nothing behind."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("step {task.completed}/{task.total}"), BarColumn(24), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as progress:
        task = progress.add_task("", total=horizon)

        def watched() -> Iterator[Moment]:
            for moment in moments:
                yield moment
                progress.update(task, completed=moment.step)

        yield watched()
