"""`mlrun render RUN`: goals before and after adaptation, side by side."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

from mlrun.cli.render_episode import outcome
from mlrun.cli.shared.film import PICTURES_IN_A_STRIP, Film, FilmOptions, is_strip, video_extension
from mlrun.cli.shared.output import note

if TYPE_CHECKING:
    from mlrun.analysis.films.scoreboard import Scoreboard
    from mlrun.benchmarks.metaworld.ml1 import ML1
    from mlrun.benchmarks.task import Split
    from mlrun.config.benchmarks import ML1Config
    from mlrun.runs.directory import RunDirectory

_WHENS = ("before", "after")
_CAMERA = "close"  # pictures are small, and the goal is what matters
_SPEED = 0.5  # an episode is over in two seconds, and there are at least two to look at
_FPS = 20  # drawing takes long where there is no GPU, and every world of every frame is drawn
_WIDTH_OF_ALL = 1280
_LARGEST_WIDTH = 480
_LONGEST_SIDE = 4096  # of a video that every player can play


def draw_run(
    run: RunDirectory,
    options: FilmOptions,
    *,
    task: int,
    goals: int,
    split: Split,
    steps: int | None,
    horizon: int | None,
) -> None:
    """Draws `goals` tasks from `task` on before and after one adaptation to all of the split, and prints the file."""
    config = _benchmark_config(run, steps)
    tasks = _tasks(task, goals, config.num_tasks, split)
    path = options.output or _default_path(run, tasks, split)
    film = options.film(path, _default_size(path, goals), _CAMERA, _SPEED, _FPS)
    _require_legible(film, goals)
    horizon = horizon or config.horizon

    with film.drawing() as draw:
        from mlrun.analysis.films.episode import Actor, Episodes
        from mlrun.analysis.films.policies import learned
        from mlrun.training.evaluation import adapt_run

        note(f"adapting {run.path} to its {split} tasks")
        adaptation = adapt_run(run, split=split, steps=steps)
        chosen = [adaptation.tasks[index] for index in tasks]
        actors = [Actor(each, learned(adaptation, each, step)) for each in chosen for step in (0, -1)]
        episodes = Episodes(cast("ML1", adaptation.benchmark), actors, horizon)
        board = _scoreboard(run, film, tasks, split, len(adaptation.by_step) - 1, horizon)
        path.parent.mkdir(exist_ok=True)
        draw(episodes, board.frame)
    typer.echo(path)
    for (drawn, _), score, when in zip(actors, episodes.scores, _WHENS * goals, strict=True):
        note(f"{split} task {drawn.index} {when} adaptation: {outcome(score, horizon)}")


def _benchmark_config(run: RunDirectory, steps: int | None) -> ML1Config:
    from mlrun.config.benchmarks import ML1Config
    from mlrun.training.device import require_machine

    experiment = run.experiment()
    if not isinstance(experiment.benchmark, ML1Config):
        raise typer.BadParameter(f"{run.path}: {experiment.benchmark.name!r} has nothing to draw")
    if (experiment.evaluation.steps if steps is None else steps) == 0:
        raise typer.BadParameter("--steps must be at least 1; without adaptation there is no before and after")
    require_machine(experiment)
    return experiment.benchmark


def _tasks(first: int, goals: int, num_tasks: int, split: Split) -> range:
    if first + goals > num_tasks:
        wanted = f"task {first}" if goals == 1 else f"tasks {first} to {first + goals - 1}"
        raise typer.BadParameter(f"--task and --grid ask for {wanted}; the last {split} task is {num_tasks - 1}")
    return range(first, first + goals)


def _default_path(run: RunDirectory, tasks: range, split: Split) -> Path:
    from mlrun.runs.layout import VIDEOS

    numbers = f"task{tasks[0]}" if len(tasks) == 1 else f"tasks{tasks[0]}-{tasks[-1]}"
    return run.path / VIDEOS / f"before-after-{'train-' if split == 'train' else ''}{numbers}{video_extension()}"


def _columns(goals: int) -> int:
    """How many pairs stand next to each other; as each is wide, not more than below each other."""
    return math.isqrt(goals)


def _default_size(path: Path, goals: int) -> str:
    """As large as fits on a screen, if not too small for the text."""
    from mlrun.analysis.films.scoreboard import SMALLEST_WIDTH

    across = PICTURES_IN_A_STRIP if is_strip(path) else 2 * _columns(goals)
    width = min(_LARGEST_WIDTH, max(SMALLEST_WIDTH, _WIDTH_OF_ALL // across // 8 * 8))
    return f"{width}x{width * 3 // 4}"


def _require_legible(film: Film, goals: int) -> None:
    """Refuses pictures too narrow for the text, and videos too large for those who should see them."""
    from mlrun.analysis.films.scoreboard import SMALLEST_WIDTH

    if film.width < SMALLEST_WIDTH:
        raise typer.BadParameter(f"--size must be at least {SMALLEST_WIDTH} wide, for the text to fit")
    columns = _columns(goals)
    sides = 2 * columns * film.width, math.ceil(goals / columns) * film.height
    if max(sides) > _LONGEST_SIDE and not is_strip(film.path):
        raise typer.BadParameter(
            f"--grid {goals} with --size {film.width}x{film.height} makes a video of {sides[0]}x{sides[1]} pixels;"
            f" the longest side that every player can play is {_LONGEST_SIDE}"
        )


def _scoreboard(run: RunDirectory, film: Film, tasks: range, split: Split, steps: int, horizon: int) -> Scoreboard:
    from mlrun.analysis.films.scoreboard import Scoreboard

    experiment, one = run.experiment(), len(tasks) == 1
    labels = [f"{when} adaptation" if one else f"task {task}, {when}" for task in tasks for when in _WHENS]
    if is_strip(film.path):  # too narrow for a title
        return Scoreboard("", labels, horizon, pairs="stacked")
    learner = f"{experiment.algorithm.name} on {experiment.benchmark.name.removeprefix('ml1/')}"
    of_tasks = f"{split} task {tasks[0]}" if one else f"{split} tasks"
    title = f"{learner}, {of_tasks}, {steps} adaptation step{'s' if steps > 1 else ''}"
    return Scoreboard(title, labels, horizon, _columns(len(tasks)))
