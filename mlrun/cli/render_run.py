"""`mlrun render RUN`: tasks before and after adaptation, or the first and the last episode of trials, side by side."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import typer

from mlrun.cli.render_episode import outcome
from mlrun.cli.shared.film import PICTURES_IN_A_STRIP, Film, FilmOptions, is_strip, video_extension
from mlrun.cli.shared.output import note
from mlrun.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlrun.analysis.films.scoreboard import Scoreboard
    from mlrun.benchmarks.metaworld.ml1 import ML1
    from mlrun.benchmarks.task import Split
    from mlrun.config.benchmarks import ML1Config
    from mlrun.runs.directory import RunDirectory
    from mlrun.training.evaluation import Adaptation

_CAMERA = "close"  # pictures are small, and the goal matters most
_SPEED = 0.5  # an episode takes only two seconds, and there are at least two to watch
_FPS = 20  # without a GPU, drawing every world in every frame takes long
_WIDTH_OF_ALL = 1280  # pixels, of all pictures side by side
_LARGEST_WIDTH = 480  # pixels, of one picture
_LONGEST_SIDE = 4096  # pixels; every player can play such a video


def draw_run(
    run: RunDirectory,
    options: FilmOptions,
    *,
    task: int,
    num_tasks: int,
    split: Split,
    steps: int | None,
    horizon: int | None,
) -> None:
    """Draw tasks before and after adaptation, and print the path of the file.

    The run adapts to all tasks of the split at once, as an evaluation does. Of a learner that adapts by its memory, the
    two are the first and the last episode of a trial.

    Args:
        run: who acts.
        options: of the film.
        task: index of the first task in the split.
        num_tasks: number of tasks to draw.
        split: "test" or "train".
        steps: adaptation steps; None for the experiment's own.
        horizon: control steps; None for the experiment's own.

    Raises:
        typer.BadParameter: an option is wrong, or the options do not fit together.
        MlrunError: this machine cannot draw, or the run cannot be adapted.
    """
    config = _benchmark_config(run, steps)
    tasks = _tasks(task, num_tasks, config.num_tasks, split)
    path = options.output or _default_path(run, tasks, split)
    film = options.film(path, _default_size(path, num_tasks), _CAMERA, _SPEED, _FPS)
    _require_legible(film, num_tasks)
    horizon = horizon or config.horizon

    with film.drawing() as draw:
        from mlrun.analysis.films.episode import Actor, Episodes, learned
        from mlrun.training.evaluation import adapt_run

        note(f"adapting {run.path} to its {split} tasks")
        adaptation = adapt_run(run, split=split, steps=steps)
        chosen = [adaptation.tasks[index] for index in tasks]
        actors = [Actor(each, learned(adaptation, each, step)) for each in chosen for step in (0, -1)]
        episodes = Episodes(cast("ML1", adaptation.benchmark), actors, horizon)
        moments = _moments(adaptation)
        board = _scoreboard(film, _title(run, adaptation, tasks), moments, tasks, horizon)
        path.parent.mkdir(exist_ok=True)
        draw(episodes, board.frame)
    typer.echo(path)
    for (drawn, _), score, moment in zip(actors, episodes.scores, moments * num_tasks, strict=True):
        note(f"{split} task {drawn.index} {moment.whole}: {outcome(score, horizon)}")


def _benchmark_config(run: RunDirectory, steps: int | None) -> ML1Config:
    from mlrun.config.benchmarks import ML1Config
    from mlrun.training.device import require_machine

    experiment = run.experiment()
    if not isinstance(experiment.benchmark, ML1Config):
        raise typer.BadParameter(f"{run.path}: {experiment.benchmark.name!r} has no scene to draw")
    own = experiment.algorithm.adaptation_steps if experiment.evaluation.steps is None else experiment.evaluation.steps
    if (own if steps is None else steps) == 0:
        raise typer.BadParameter("--steps must be at least 1; without adaptation there is no before and after")
    require_machine(experiment)
    return experiment.benchmark


def _tasks(first: int, count: int, available: int, split: Split) -> range:
    if first + count > available:
        wanted = f"task {first}" if count == 1 else f"tasks {first} to {first + count - 1}"
        raise typer.BadParameter(f"--task and --grid ask for {wanted}; the last {split} task is {available - 1}")
    return range(first, first + count)


def _default_path(run: RunDirectory, tasks: range, split: Split) -> Path:
    from mlrun.runs.layout import VIDEOS

    numbers = f"task{tasks[0]}" if len(tasks) == 1 else f"tasks{tasks[0]}-{tasks[-1]}"
    return run.path / VIDEOS / f"before-after-{'train-' if split == 'train' else ''}{numbers}{video_extension()}"


def _columns(num_tasks: int) -> int:
    """The number of pairs in a row. A pair is wide, so there are at least as many rows as columns."""
    return math.isqrt(num_tasks)


def _default_size(path: Path, num_tasks: int) -> str:
    """The size at which all pictures fit on a screen, but never too small for the text."""
    from mlrun.analysis.films.scoreboard import SMALLEST_WIDTH

    across = PICTURES_IN_A_STRIP if is_strip(path) else 2 * _columns(num_tasks)
    width = min(_LARGEST_WIDTH, max(SMALLEST_WIDTH, _WIDTH_OF_ALL // across // 8 * 8))
    return f"{width}x{width * 3 // 4}"


def _require_legible(film: Film, num_tasks: int) -> None:
    """Refuse pictures that are too narrow for the text, and videos that are too large for some players."""
    from mlrun.analysis.films.scoreboard import SMALLEST_WIDTH

    if film.width < SMALLEST_WIDTH:
        raise typer.BadParameter(f"--size must be at least {SMALLEST_WIDTH} wide, for the text to fit")
    columns = _columns(num_tasks)
    sides = 2 * columns * film.width, math.ceil(num_tasks / columns) * film.height
    if max(sides) > _LONGEST_SIDE and not is_strip(film.path):
        raise typer.BadParameter(
            f"--grid {num_tasks} with --size {film.width}x{film.height} makes a video of {sides[0]}x{sides[1]} pixels;"
            f" the longest side that every player can play is {_LONGEST_SIDE}"
        )


class _Moment(NamedTuple):
    """When an episode is played.

    Attributes:
        short: in a word, for a grid of tasks.
        whole: in words.
    """

    short: str
    whole: str


def _moments(adaptation: Adaptation) -> tuple[_Moment, _Moment]:
    """The moments of the two episodes of a pair."""
    if adaptation.by_step[0].memory:
        return _Moment("first", "first episode"), _Moment("last", "last episode")
    return _Moment("before", "before adaptation"), _Moment("after", "after adaptation")


def _title(run: RunDirectory, adaptation: Adaptation, tasks: range) -> str:
    """Who adapts to what, and how long."""
    experiment, steps, split = run.experiment(), len(adaptation.by_step) - 1, adaptation.tasks[0].split
    learner = f"{experiment.algorithm.name} on {experiment.benchmark.name.removeprefix('ml1/')}"
    of_tasks = f"{split} task {tasks[0]}" if len(tasks) == 1 else f"{split} tasks"
    if adaptation.by_step[0].memory:
        return f"{learner}, {of_tasks}, trial{'s' * (len(tasks) > 1)} of {counted(steps + 1, 'episode')}"
    return f"{learner}, {of_tasks}, {counted(steps, 'adaptation step')}"


def _scoreboard(film: Film, title: str, moments: Sequence[_Moment], tasks: range, horizon: int) -> Scoreboard:
    from mlrun.analysis.films.scoreboard import Scoreboard

    one = len(tasks) == 1
    labels = [moment.whole if one else f"task {task}, {moment.short}" for task in tasks for moment in moments]
    if is_strip(film.path):  # a strip is too narrow for a title
        return Scoreboard("", labels, horizon, pairs="stacked")
    return Scoreboard(title, labels, horizon, _columns(len(tasks)))
