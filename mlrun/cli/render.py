"""`mlrun render`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mlrun.cli.render_episode import draw_episode
from mlrun.cli.render_run import draw_run
from mlrun.cli.shared.film import FilmOptions, refuse
from mlrun.cli.shared.options import DEFAULT_RUNS_DIR, RunsDir, examples

if TYPE_CHECKING:
    from mlrun.runs.directory import RunDirectory

NAME = "render"
EXAMPLES = examples(
    "mlrun render runs/20261122-231608-maml-reach-s0-a1b2",
    "mlrun render 20261122-231608-maml-reach-s0-a1b2 --grid 6 -o six-goals.mp4",
    "mlrun render reach-v3",
    "mlrun render ml1/push-v3 --task 3 --camera close --speed 0.5 -o push.gif",
    "mlrun render pick-place-v3 --horizon 80 -o strip.png",
    "mlrun render reach-v3 --policy runs/20261122-231608-maml-reach-s0-a1b2 -o adapted.mp4",
)


def command(
    what: Annotated[
        str, typer.Argument(metavar="RUN|ENV", help="A run, or a benchmark with or without 'ml1/' before it.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="File to write or replace: .mp4, .gif, or .png for a strip of 5."
            " Default: in the RUN's videos/; of an ENV, here.",
        ),
    ] = None,
    grid: Annotated[
        int | None, typer.Option("--grid", metavar="N", min=1, help="Draw N tasks of a RUN, from --task on.")
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            metavar="expert|random|RUN",
            help="Who acts in an ENV: the script that sees the goal, noise, or a run. Default: expert.",
        ),
    ] = None,
    task: Annotated[int, typer.Option(min=0, help="Which task of the split, from 0.")] = 0,
    split: Annotated[Literal["test", "train"], typer.Option(help="Held-out tasks, or those of training.")] = "test",
    steps: Annotated[
        int | None,
        typer.Option(
            min=0, max=100, help="Adaptation steps of a RUN. Default: the experiment's; 0, of a --policy: none."
        ),
    ] = None,
    horizon: Annotated[
        int | None, typer.Option(min=1, max=500, help="Control steps, 80 a second. Default: the RUN's, or else 150.")
    ] = None,
    camera: Annotated[
        str | None, typer.Option(help="front, close, side or top. Default: front for an ENV, close for a RUN.")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="WxH", help="Size of each picture in pixels. Default: 640x480, or less where there are several."
        ),
    ] = None,
    fps: Annotated[
        int | None, typer.Option(min=1, max=100, help="Frames per second. Default: 20, or 40 in an ENV's mp4.")
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(min=0.01, max=100, help="1 is real time. Default: 1 for an ENV, 0.5 for a RUN."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the random policy. Default: 0.")] = None,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Draw a run before and after adaptation, side by side, or one episode in an environment.

    As a video, or as a strip of pictures from the beginning to the end. A RUN acts as `mlrun eval` scores it: its best
    checkpoint, before and after adaptation to the task, without noise. Prints the file; how the episodes went goes to
    stderr. No screen is needed.
    """
    options = FilmOptions(output, size, camera, fps, speed)
    environment = _environment(what)
    if environment is None:
        run = _open_run(what, runs_dir)
        refuse("--policy", policy, "needs an ENV; a RUN acts itself")
        refuse("--seed", seed, "needs an ENV and 'random' as the --policy")
        draw_run(run, options, task=task, goals=grid or 1, split=split, steps=steps, horizon=horizon)
        return
    refuse("--grid", grid, "needs a RUN in the place of ENV")
    draw_episode(
        environment,
        policy or "expert",
        options,
        task=task,
        split=split,
        steps=steps,
        horizon=horizon,
        seed=seed,
        runs_dir=runs_dir,
    )


def _environment(name: str) -> str | None:
    """The benchmark of this name as it is registered, if there is one."""
    from mlrun.benchmarks import benchmarks

    full = benchmarks.full_name(name)
    return full if full in benchmarks.names() else None


def _open_run(name: str, runs_dir: Path) -> RunDirectory:
    from mlrun.benchmarks import benchmarks
    from mlrun.errors import RunNotFoundError
    from mlrun.registry import closest_match
    from mlrun.runs.directory import RunDirectory

    try:
        return RunDirectory.open(name, runs_dir)
    except RunNotFoundError as error:
        if Path(name).is_dir():
            raise
        full = benchmarks.names()
        near = closest_match(name, [*full, *(benchmark.removeprefix("ml1/") for benchmark in full)])
        neither = f"{name!r} is neither a benchmark nor a run; did you mean {near!r}?"
        raise typer.BadParameter(neither if near else f"no benchmark is called {name!r}, and {error}") from error
