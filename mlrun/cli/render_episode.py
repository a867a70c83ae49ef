"""`mlrun render ENV`: one episode of a scripted policy or of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mlrun.cli.shared.film import FilmOptions, refuse_if_given, video_extension
from mlrun.cli.shared.output import note

if TYPE_CHECKING:
    from mlrun.analysis.films.episode import Policy, Score
    from mlrun.benchmarks.metaworld.ml1 import ML1
    from mlrun.benchmarks.task import Split, Task
    from mlrun.config.benchmarks import ML1Config
    from mlrun.runs.directory import RunDirectory

_SCRIPTED = ("expert", "random")
_HORIZON_OF_SCRIPTED = 150  # control steps


def draw_episode(
    environment: str,
    policy: str,
    options: FilmOptions,
    *,
    task: int,
    split: Split,
    steps: int | None,
    horizon: int | None,
    seed: int | None,
    runs_dir: Path,
) -> None:
    """Draw one episode and print the path of the file.

    Args:
        environment: name of a registered benchmark.
        policy: "expert", "random", or the path or id of a run.
        options: of the film.
        task: index of the task in the split.
        split: "test" or "train".
        steps: adaptation steps if a run acts; None for the experiment's own.
        horizon: control steps; None for those of the run, or 150 if a scripted policy acts.
        seed: of the random policy; None for 0.
        runs_dir: directory that holds the runs.

    Raises:
        typer.BadParameter: an option is wrong, or the options do not fit together.
        MlrunError: this machine cannot draw, or the run cannot be adapted.
    """
    if policy != "random":
        refuse_if_given("--seed", seed, "needs 'random' as the --policy")
    if policy in _SCRIPTED:
        refuse_if_given("--steps", steps, "needs a RUN as the --policy; a scripted policy does not adapt")
    run = None if policy in _SCRIPTED else _open_run(policy, runs_dir)
    config = _benchmark_config(environment, run)
    if task >= config.num_tasks:
        raise typer.BadParameter(f"--task must be at most {config.num_tasks - 1}, the last {split} task, not {task}")
    path = options.output or _default_path(environment, split, task, policy if run is None else run.id)
    film = options.film(path, "640x480", "front", speed=1)
    if horizon is None:
        horizon = _HORIZON_OF_SCRIPTED if run is None else config.horizon

    with film.drawing() as draw:
        from mlrun.analysis.films.episode import Actor, Episodes
        from mlrun.benchmarks.metaworld.ml1 import ML1

        benchmark = ML1.from_config(config)
        chosen = benchmark.tasks(split)[task]
        acting = _scripted(policy, benchmark, chosen, seed or 0) if run is None else _adapted(run, chosen, steps)
        episodes = Episodes(benchmark, [Actor(chosen, acting)], horizon)
        draw(episodes, lambda moment: moment.pictures[0])
    typer.echo(film.path)
    note(outcome(episodes.scores[0], horizon))


def _default_path(environment: str, split: Split, task: int, actor: str) -> Path:
    """A file in the working directory, since an environment has no directory of its own."""
    of_split = "train-" if split == "train" else ""
    return Path(f"{environment.removeprefix('ml1/')}-{of_split}task{task}-{actor}{video_extension()}")


def outcome(score: Score, horizon: int) -> str:
    """One line about how an episode ended."""
    if score.success_last:
        success = "success, also at the last step"
    else:
        success = "success, but not at the last step" if score.success_any else "no success"
    return f"{success}; return {score.total_reward:.1f} in {horizon} control steps"


def _open_run(policy: str, runs_dir: Path) -> RunDirectory:
    from mlrun.errors import RunNotFoundError
    from mlrun.runs.directory import RunDirectory
    from mlrun.training.device import require_machine

    try:
        run = RunDirectory.open(policy, runs_dir)
    except RunNotFoundError as error:
        raise typer.BadParameter(f"--policy is neither 'expert' nor 'random': {error}") from None
    require_machine(run.experiment())
    return run


def _benchmark_config(name: str, run: RunDirectory | None) -> ML1Config:
    """The configuration of the benchmark to draw: the run's if a run acts, else the default."""
    from mlrun.benchmarks import benchmarks
    from mlrun.config.benchmarks import ML1Config

    config = benchmarks.entry(name).config(name=name) if run is None else run.experiment().benchmark
    if config.name != name:
        raise typer.BadParameter(f"the run was trained on {config.name!r}, not on {name!r}")
    if not isinstance(config, ML1Config):
        raise typer.BadParameter(f"{name!r} has no scene to draw")
    return config


def _scripted(policy: str, benchmark: ML1, task: Task, seed: int) -> Policy:
    from mlrun.analysis.films.episode import expert, random_actions

    return expert(benchmark, task) if policy == "expert" else random_actions(benchmark, seed)


def _adapted(run: RunDirectory, task: Task, steps: int | None) -> Policy:
    from mlrun.analysis.films.episode import learned
    from mlrun.training.evaluation import adapt_run

    note(f"adapting {run.path} to its {task.split} tasks")
    return learned(adapt_run(run, split=task.split, steps=steps), task, -1)
