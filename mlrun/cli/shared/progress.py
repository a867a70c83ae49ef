"""The progress of training and of drawing films: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from mlrun.cli.shared.output import note
from mlrun.scores import SCORES, SHOWN
from mlrun.training.reporter import Reporter
from mlrun.wording import duration

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table

    from mlrun.analysis.films.episode import Moment

SECONDS_BETWEEN_LINES = 5.0
_RECENT_ITERATIONS = 20

logger = logging.getLogger("mlrun")
Row = Mapping[str, Any]


def training_progress(title: str) -> AbstractContextManager[Reporter]:
    """A reporter that shows training on stderr: live on a terminal, in plain lines elsewhere."""
    if _on_terminal():
        return _live_training(title)
    return contextlib.nullcontext(PlainProgress(sys.stderr))


def _on_terminal() -> bool:
    """Whether stderr is a terminal that can show a live display."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


class Pace:
    """Estimates the time left from the time of the last 20 iterations.

    Args:
        clock: monotonic time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.started = clock()
        self._times = deque([self.started], maxlen=_RECENT_ITERATIONS + 1)

    def tick(self) -> None:
        """Count an iteration that has just ended."""
        self._times.append(self._clock())
        if len(self._times) == 3 and self._times[0] == self.started:
            self._times.popleft()  # the first iteration includes the setup

    def elapsed(self) -> float:
        """Seconds since this was made."""
        return self._clock() - self.started

    def remaining(self, iterations: int) -> float | None:
        """Estimated seconds for so many more iterations; None before the first has ended."""
        if len(self._times) < 2:
            return None
        per_iteration = (self._times[-1] - self._times[0]) / (len(self._times) - 1)
        since_last = self._clock() - self._times[-1]
        return max(0.0, iterations * per_iteration - since_last)


class PlainProgress:
    """Prints plain lines: one for the first and the last iteration, and at most one every 5 seconds in between.

    Args:
        stream: where lines go. Training goes on without them if it is closed.
        clock: monotonic time in seconds.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._pace = Pace(clock)
        self._last_line: float | None = None

    def iteration(self, row: Row, total: int) -> None:
        """Print a line if it is due."""
        self._pace.tick()
        now = self._clock()
        last = row["iteration"] == total
        if self._last_line is None or last or now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            remaining = self._pace.remaining(total - row["iteration"])
            self._print(f"{plain_line(row, total)}  {duration(remaining)} left")

    def evaluation(self, iteration: int, summary: Row) -> None:
        """Print an evaluation."""
        self._print(evaluation_line(iteration, summary))

    def note(self, text: str) -> None:
        """Print a note."""
        logger.info(text)
        self._print(text)

    def _print(self, text: str) -> None:
        with contextlib.suppress(OSError):
            print(text, file=self._stream, flush=True)


class LiveProgress:
    """The content of the live display. rich redraws it several times a second.

    Args:
        title: first line of the display.
        console: where notes are printed, above the display.
        clock: monotonic time in seconds.
    """

    def __init__(self, title: str, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._title = title
        self._console = console
        self._pace = Pace(clock)
        self._row: Row | None = None
        self._total = 0
        self._evaluation: tuple[int, Row] | None = None

    def iteration(self, row: Row, total: int) -> None:
        """Show this row until the next."""
        self._pace.tick()
        self._row, self._total = row, total

    def evaluation(self, iteration: int, summary: Row) -> None:
        """Show this evaluation until the next."""
        self._evaluation = iteration, summary

    def note(self, text: str) -> None:
        """Print a note above the display."""
        logger.info(text)
        self._console.print(text, markup=False, highlight=False)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        elapsed = f"{duration(self._pace.elapsed())} elapsed"
        yield Text(self._title, style="bold")
        if self._row is None:
            yield Text(f"setting up and collecting the first data, {elapsed}", style="dim")
            return
        yield self._bar(self._row["iteration"], elapsed)
        yield self._scores(self._row)
        yield Text(f"  {_outer_step_and_speed(self._row)}", style="dim")

    def _bar(self, done: int, elapsed: str) -> Table:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        bar = Table.grid(padding=(0, 2, 0, 0))
        left = f"{duration(self._pace.remaining(self._total - done))} left"
        progress_bar = ProgressBar(total=self._total, completed=done, width=24)
        bar.add_row(f"iteration {done}/{self._total}", progress_bar, f"{elapsed}, {left}")
        return bar

    def _scores(self, row: Row) -> Table:
        from rich.table import Table

        table = Table.grid(padding=(0, 3, 0, 0))
        heads = ["  before → after adaptation", "this iteration"]
        if self._evaluation is not None:
            heads.append(f"evaluation after iteration {self._evaluation[0]}")
        table.add_row(*heads, style="dim")
        for name in _shown_scores(row, ""):
            cells = [f"  {SCORES[name].label}", _change(row, "", name, "→")]
            if self._evaluation is not None:
                cells.append(_change(self._evaluation[1], "eval/", name, "→"))
            table.add_row(*cells)
        return table


@contextmanager
def _live_training(title: str) -> Iterator[Reporter]:
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    reporter = LiveProgress(title, console)
    with Live(reporter, console=console, redirect_stdout=False):
        yield reporter


def plain_line(row: Row, total: int) -> str:
    """One line about an iteration. Scores are ``before -> after`` adaptation."""
    return f"iteration {row['iteration']}/{total}  {metrics_line(row)}"


def metrics_line(row: Row) -> str:
    """The metrics shown of an iteration: scores ``before -> after`` adaptation, KL of the outer step, speed."""
    return "  ".join(part for part in (_changes(row, ""), _outer_step_and_speed(row)) if part)


def evaluation_line(iteration: int, summary: Row) -> str:
    """One line about an evaluation during training. Scores are ``before -> after`` adaptation."""
    return f"evaluation after iteration {iteration}  {_changes(summary, 'eval/')}"


def _changes(row: Row, prefix: str) -> str:
    return "  ".join(f"{SCORES[name].short} {_change(row, prefix, name, '->')}" for name in _shown_scores(row, prefix))


def _shown_scores(row: Row, prefix: str) -> list[str]:
    return [name for name in SHOWN if f"{prefix}pre/{name}" in row]


def _change(row: Row, prefix: str, name: str, arrow: str) -> str:
    moments = (f"{prefix}pre/{name}", f"{prefix}post/{name}")
    return f" {arrow} ".join(SCORES[name].as_text(row[moment]) for moment in moments if moment in row)


def _outer_step_and_speed(row: Row) -> str:
    parts = []
    if "kl" in row:
        verdict = "" if "accepted" not in row else " accepted" if row["accepted"] else " rejected"
        parts.append(f"KL {row['kl']:.4f}{verdict}")
    for key in (key for key in row if key.endswith("_per_second")):
        unit = key.removesuffix("_per_second").replace("_", " ")
        parts.append(f"{row[key]:,.0f} {unit}/s")
    return "  ".join(parts)


@contextmanager
def drawing_progress(moments: Iterable[Moment], horizon: int) -> Iterator[Iterator[Moment]]:
    """Show on stderr how far the drawing of episodes has come.

    Args:
        moments: moments of episodes, in order of time.
        horizon: control steps of the episodes.

    Yields:
        The same moments. The progress moves on as they are iterated over.
    """
    if not _on_terminal():
        yield plain_drawing(moments, horizon)
        return
    from rich.console import Console

    with live_drawing(moments, horizon, Console(stderr=True)) as watched:
        yield watched


def plain_drawing(
    moments: Iterable[Moment], horizon: int, clock: Callable[[], float] = time.monotonic
) -> Iterator[Moment]:
    """The same moments, with a line every 5 seconds. Drawing that takes less prints nothing.

    Args:
        moments: moments of episodes, in order of time.
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
def live_drawing(moments: Iterable[Moment], horizon: int, console: Console) -> Iterator[Iterator[Moment]]:
    """The same moments, with a progress bar that disappears at the end."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("step {task.completed}/{task.total}"), BarColumn(24), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as progress:
        task = progress.add_task("", total=horizon)

        def watched() -> Iterator[Moment]:
            for moment in moments:
                yield moment
                progress.update(task, completed=moment.step)

        yield watched()
