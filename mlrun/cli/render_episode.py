"""`mlrun render ENV`: one episode of whoever acts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mlrun.cli.shared.film import FilmOptions, refuse, video_extension
from mlrun.cli.shared.output import note

if TYPE_CHECKING:
    from mlrun.analysis.films.episode import Policy, Score
    from mlrun.benchmarks.metaworld.ml1 import ML1
    from mlrun.benchmarks.task import Split, Task
    from mlrun.config.benchmarks import ML1Config
    from mlrun.runs.directory import RunDirectory

_SCRIPTS = ("expert", "random")
_HORIZON_OF_SCRIPTS = 150


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
    """Draws an episode of a registered environment, and prints the file."""
    if policy != "random":
        refuse("--seed", seed, "needs 'random' as the --policy")
    if policy in _SCRIPTS:
        refuse("--steps", steps, "needs a RUN as the --policy; a script does not adapt")
    run = None if policy in _SCRIPTS else _open_run(policy, runs_dir)
    config = _benchmark_config(environment, run)
    if task >= config.num_tasks:
        raise typer.BadParameter(f"--task must be at most {config.num_tasks - 1}, the last {split} task, not {task}")
    path = options.output or _default_path(environment, split, task, policy if run is None else run.id)
    film = options.film(path, "640x480", "front", speed=1)
    if horizon is None:
        horizon = _HORIZON_OF_SCRIPTS if run is None else config.horizon

    with film.drawing() as draw:
        from mlrun.analysis.films.episode import Actor, Episodes
        from mlrun.benchmarks.metaworld.ml1 import ML1

        benchmark = ML1.from_config(config)
        chosen = benchmark.tasks(split)[task]
        acting = _script(policy, benchmark, chosen, seed or 0) if run is None else _adapted(run, chosen, steps)
        episodes = Episodes(benchmark, [Actor(chosen, acting)], horizon)
        draw(episodes, lambda moment: moment.pictures[0])
    typer.echo(film.path)
    note(outcome(episodes.scores[0], horizon))


def _default_path(environment: str, split: Split, task: int, actor: str) -> Path:
    """Here, as an environment has no directory as a run has."""
    of_split = "train-" if split == "train" else ""
    return Path(f"{environment.removeprefix('ml1/')}-{of_split}task{task}-{actor}{video_extension()}")


def outcome(score: Score, horizon: int) -> str:
    """How an episode went, in words."""
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
    """The benchmark to draw, as the run has it, if there is one."""
    from mlrun.benchmarks import benchmarks
    from mlrun.config.benchmarks import ML1Config

    config = benchmarks.entry(name).config(name=name) if run is None else run.experiment().benchmark
    if config.name != name:
        raise typer.BadParameter(f"the run learned on {config.name!r}, not on {name!r}")
    if not isinstance(config, ML1Config):
        raise typer.BadParameter(f"{name!r} has nothing to draw")
    return config


def _script(policy: str, benchmark: ML1, task: Task, seed: int) -> Policy:
    from mlrun.analysis.films.policies import expert, random_actions

    return expert(benchmark, task) if policy == "expert" else random_actions(benchmark, seed)


def _adapted(run: RunDirectory, task: Task, steps: int | None) -> Policy:
    from mlrun.analysis.films.policies import learned
    from mlrun.training.evaluation import adapt_run

    note(f"adapting {run.path} to its {task.split} tasks")
    return learned(adapt_run(run, split=task.split, steps=steps), task, -1)
