"""`mlrun render`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mlrun.cli.render_episode import draw_episode
from mlrun.cli.render_run import draw_run
from mlrun.cli.shared.film import FilmOptions, refuse_if_given
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
        str, typer.Argument(metavar="RUN|ENV", help="A run, or an ML1 benchmark such as ml1/reach-v3 or reach-v3.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="File to write or replace. .mp4 and .gif are videos; .png is a strip of 5 pictures from start to end."
            " Default: a file in the RUN's videos/; for an ENV, a file in the working directory.",
        ),
    ] = None,
    grid: Annotated[
        int | None, typer.Option("--grid", metavar="N", min=1, help="RUN only: draw N tasks, starting at --task.")
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            metavar="expert|random|RUN",
            help="ENV only: who acts. expert is a scripted policy that sees the goal. Default: expert.",
        ),
    ] = None,
    task: Annotated[int, typer.Option(min=0, metavar="N", help="Index of the task in the split.")] = 0,
    split: Annotated[
        Literal["test", "train"], typer.Option(help="test: the held-out tasks. train: the training tasks.")
    ] = "test",
    steps: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=100,
            metavar="N",
            help="Adaptation steps of the run. 0 is no adaptation; it needs a run as the --policy."
            " Default: as the experiment says.",
        ),
    ] = None,
    horizon: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=500,
            metavar="N",
            help="Control steps of an episode; 80 are one second. Default: the run's, or 150 if no run acts.",
        ),
    ] = None,
    camera: Annotated[
        str | None, typer.Option(help="front, close, side or top. Default: close for a RUN, front for an ENV.")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="WxH", help="Size of each picture in pixels. Default: 640x480 for an ENV, smaller for a RUN."
        ),
    ] = None,
    fps: Annotated[
        int | None,
        typer.Option(min=1, max=100, metavar="N", help="Frames per second. Default: 20, but 40 for an mp4 of an ENV."),
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=100,
            metavar="X",
            help="Speed; 1 is real time. Default: 0.5 for a RUN, 1 for an ENV.",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, metavar="N", help="Seed of the random policy. Default: 0.")] = None,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Draw a film of a run, or of an environment.

    With a RUN, the film shows the run's best checkpoint before and after adaptation to a task, side by side. Of a
    learner that adapts by its memory, these are the first and the last episode of a trial. It acts as 'mlrun eval'
    scores it: without noise. With an ENV, the film shows one episode.

    Prints the path of the file. The outcome of each episode goes to stderr. No screen is needed.
    """
    options = FilmOptions(output, size, camera, fps, speed)
    environment = _environment(what)
    if environment is None:
        run = _open_run(what, runs_dir)
        refuse_if_given("--policy", policy, "needs an ENV; a RUN is the policy itself")
        refuse_if_given("--seed", seed, "needs an ENV and 'random' as the --policy")
        draw_run(run, options, task=task, num_tasks=grid or 1, split=split, steps=steps, horizon=horizon)
        return
    refuse_if_given("--grid", grid, "needs a RUN instead of an ENV")
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
    """The full name of the registered benchmark that is called so, with or without ``ml1/``; None if there is none."""
    from mlrun.benchmarks import benchmarks

    full = benchmarks.full_name(name)
    return full if full in benchmarks.names() else None


def _open_run(name: str, runs_dir: Path) -> RunDirectory:
    """Open a run. If there is none, the error also suggests the benchmark that was perhaps meant."""
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
