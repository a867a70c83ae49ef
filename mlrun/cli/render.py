"""`mlrun render`."""

from __future__ import annotations

import importlib
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mlrun.cli.options import DEFAULT_RUNS_DIR, RunsDir, examples
from mlrun.cli.output import note

if TYPE_CHECKING:
    from mlrun.config.benchmarks import ML1Config
    from mlrun.experiment.run_directory import RunDirectory
    from mlrun.rendering.episode import Cast, Episode

NAME = "render"
EXAMPLES = examples(
    "mlrun render reach-v3 -o reach.mp4",
    "mlrun render ml1/push-v3 --task 3 --camera close --speed 0.5 -o push.gif",
    "mlrun render pick-place-v3 --horizon 80 -o strip.png",
    "mlrun render reach-v3 --policy runs/20261122-231608-maml-reach-s0-a1b2 -o adapted.mp4",
)

_SCRIPTS = ("expert", "random")
_HORIZON_OF_SCRIPTS = 150
_FPS = {".mp4": 40, ".gif": 20, ".png": 1}  # by default; a strip has none to choose
_PICTURES_IN_A_STRIP = 5
_SMALLEST_SIDE, _LARGEST_SIDE = 32, 2160


def command(
    env: Annotated[str, typer.Argument(metavar="ENV", help="Benchmark, with or without 'ml1/' before it.")],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="FILE", help="File to write or replace: .mp4, .gif, or .png for a strip of 5."
        ),
    ],
    policy: Annotated[
        str,
        typer.Option(metavar="expert|random|RUN", help="Who acts: the script that sees the goal, noise, or a run."),
    ] = "expert",
    task: Annotated[int, typer.Option(min=0, help="Which task of the split, from 0.")] = 0,
    split: Annotated[Literal["test", "train"], typer.Option(help="Held-out tasks, or those of training.")] = "test",
    steps: Annotated[
        int | None, typer.Option(min=0, max=100, help="Adaptation steps of a RUN. Default: the experiment's; 0: none.")
    ] = None,
    horizon: Annotated[
        int | None, typer.Option(min=1, max=500, help="Control steps, 80 a second. Default: the RUN's, or else 150.")
    ] = None,
    camera: Annotated[str, typer.Option(help="front, close, side or top.")] = "front",
    size: Annotated[str, typer.Option(metavar="WxH", help="Size of a frame in pixels.")] = "640x480",
    fps: Annotated[
        int | None, typer.Option(min=1, max=100, help="Frames per second. Default: 40 in an mp4, 20 in a gif.")
    ] = None,
    speed: Annotated[
        float | None, typer.Option(min=0.01, max=100, help="1 is real time, 0.5 is half as fast. Default: 1.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the random policy. Default: 0.")] = None,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Draw one episode as a video, or as a strip of pictures from its beginning to its end.

    A RUN acts as `mlrun eval` scores it: its best checkpoint, adapted to the task, without noise.
    Prints the file; how the episode went goes to stderr. No screen is needed.
    """
    width, height = _parse_size(size)
    rate = _frame_rate(output, (width, height), fps)
    strip = output.suffix.lower() == ".png"
    if strip:
        _refuse("--fps", fps, "needs an .mp4 or .gif; a strip does not move")
        _refuse("--speed", speed, "needs an .mp4 or .gif; a strip does not move")
    if policy != "random":
        _refuse("--seed", seed, "needs 'random' as the --policy")
    if policy in _SCRIPTS:
        _refuse("--steps", steps, "needs a RUN as the --policy; a script does not adapt")
    run = None if policy in _SCRIPTS else _open_run(policy, runs_dir)
    config = _benchmark_config(env, run)
    if task >= config.num_tasks:
        raise typer.BadParameter(f"--task must be at most {config.num_tasks - 1}, the last {split} task, not {task}")
    if horizon is None:
        horizon = _HORIZON_OF_SCRIPTS if run is None else config.horizon

    _load_mujoco()
    from mlrun.benchmarks.ml1.benchmark import ML1
    from mlrun.registry import UnknownNameError
    from mlrun.rendering import Renderer
    from mlrun.rendering.episode import Episode, strip_moments, video_moments
    from mlrun.rendering.files import writer_for

    benchmark = ML1.from_config(config)
    episode = Episode(benchmark, benchmark.tasks(split)[task], _cast(policy, run, steps, seed or 0), horizon)
    moments = strip_moments(horizon, _PICTURES_IN_A_STRIP) if strip else video_moments(horizon, rate, speed or 1)
    write = writer_for(output)
    try:
        renderer = Renderer(width, height, camera)
    except UnknownNameError as error:
        raise typer.BadParameter(str(error)) from None
    with renderer, _sigterm_raises():
        write(output, episode.frames(renderer, moments), rate)
    typer.echo(output)
    note(_outcome(episode))


def _refuse(option: str, given: float | None, why: str) -> None:
    if given is not None:
        raise typer.BadParameter(f"{option} {why}")


def _parse_size(text: str) -> tuple[int, int]:
    sides = re.fullmatch(r"(\d+)x(\d+)", text)
    width, height = map(int, sides.groups()) if sides else (0, 0)
    if not all(_SMALLEST_SIDE <= side <= _LARGEST_SIDE for side in (width, height)):
        raise typer.BadParameter(
            f"--size must be like 640x480, each side from {_SMALLEST_SIDE} to {_LARGEST_SIDE}, not {text!r}"
        )
    return width, height


def _frame_rate(output: Path, size: tuple[int, int], fps: int | None) -> int:
    """The frames per second, once it is sure that such a file can be written there."""
    extension = output.suffix.lower()
    if extension not in _FPS:
        raise typer.BadParameter(f"--output must end in {', '.join(_FPS)}, not {str(output)!r}")
    if extension == ".mp4" and any(side % 2 for side in size):
        raise typer.BadParameter("--size must be even in an mp4")
    if extension == ".gif" and fps is not None and (fps > 50 or 100 % fps):
        raise typer.BadParameter(f"--fps of a gif must be 50, 25, 20, 10, 5, 4, 2 or 1, not {fps}")
    if output.is_dir() or not (output.parent.is_dir() and os.access(output.parent, os.W_OK)):
        raise typer.BadParameter(f"--output: cannot write {str(output)!r}; is there such a directory?")
    return _FPS[extension] if fps is None else fps


def _open_run(policy: str, runs_dir: Path) -> RunDirectory:
    from mlrun.experiment.device import require_machine
    from mlrun.experiment.errors import RunNotFoundError
    from mlrun.experiment.run_directory import RunDirectory

    try:
        run = RunDirectory.open(policy, runs_dir)
    except RunNotFoundError as error:
        raise typer.BadParameter(f"--policy is neither 'expert' nor 'random': {error}") from None
    require_machine(run.experiment())
    return run


def _benchmark_config(env: str, run: RunDirectory | None) -> ML1Config:
    """The benchmark to draw, as the run has it, if there is one."""
    from mlrun.benchmarks import benchmarks
    from mlrun.config.benchmarks import ML1Config
    from mlrun.registry import UnknownNameError

    name = next((name for name in benchmarks.names() if name.removeprefix("ml1/") == env), env)
    try:
        entry = benchmarks.entry(name)
    except UnknownNameError as error:
        raise typer.BadParameter(str(error)) from None
    config = entry.config(name=name) if run is None else run.experiment().benchmark
    if config.name != name:
        raise typer.BadParameter(f"the run learned on {config.name!r}, not on {name!r}")
    if not isinstance(config, ML1Config):
        raise typer.BadParameter(f"{name!r} has nothing to draw")
    return config


def _load_mujoco() -> None:
    """Loads the physics, which fails where MUJOCO_GL names a way to draw that this machine does not have."""
    from mlrun.experiment.errors import MlrunError

    try:
        importlib.import_module("mujoco")
    except Exception as error:  # of whatever kind the missing library brings about
        raise MlrunError(
            f"cannot load mujoco with MUJOCO_GL={os.environ.get('MUJOCO_GL', '')!r}: {error}; try without MUJOCO_GL"
        ) from error


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    """Ends on SIGTERM by an exception, so that what is half written is removed."""
    from mlrun.experiment.errors import Interrupted

    def stop(number: int, _: object) -> None:
        raise Interrupted(number)

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _cast(policy: str, run: RunDirectory | None, steps: int | None, seed: int) -> Cast:
    from mlrun.rendering.policies import adapted, expert, random_actions

    if run is not None:
        return adapted(run, steps)
    return expert if policy == "expert" else random_actions(seed)


def _outcome(episode: Episode) -> str:
    if episode.success_last:
        success = "success, also at the last step"
    else:
        success = "success, but not at the last step" if episode.success_any else "no success"
    return f"{success}; return {episode.total_reward:.1f} in {episode.horizon} control steps"
