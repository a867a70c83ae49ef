"""`mlrun train`."""

import json
from typing import Annotated, Literal

import typer

from mlrun.cli.shared.options import DEFAULT_RUNS_DIR, ConfigFile, RunsDir, Settings, TensorBoard, examples
from mlrun.cli.shared.output import note
from mlrun.cli.shared.training import run_training

NAME = "train"
EXAMPLES = examples(
    "mlrun train configs/maml_reach.yaml",
    "mlrun train configs/maml_reach.yaml --set algorithm.inner.learning_rate=0.05 --seed 3",
    "run=$(mlrun train configs/maml_reach.yaml) && mlrun eval $run",
)


def command(
    config: ConfigFile,
    settings: Settings = None,
    seed: Annotated[int | None, typer.Option(min=0, metavar="N", help="Same as --set seed=N.")] = None,
    device: Annotated[Literal["auto", "cpu", "cuda"] | None, typer.Option(help="Same as --set device=NAME.")] = None,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Part of the run's id. Same as --set name=NAME."),
    ] = None,
    tensorboard: TensorBoard = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Meta-train an experiment in a new run.

    A run is a directory; training saves its metrics and checkpoints there. Prints the path of that directory when
    training ends, also when it ends early. 'mlrun resume' continues a run that was stopped.
    """
    from mlrun.config import load_experiment
    from mlrun.runs.directory import RunDirectory
    from mlrun.training.device import require_machine
    from mlrun.training.interrupts import interrupts
    from mlrun.training.tensorboard import require_tensorboard

    options = {"seed": seed, "device": device, "name": name}
    given = [f"{key}={json.dumps(value)}" for key, value in options.items() if value is not None]
    experiment = load_experiment(config, [*(settings or []), *given])
    if tensorboard:
        require_tensorboard()
    with interrupts() as signals:  # from here on, since the imports below take seconds
        require_machine(experiment)
        signals.check()
        run = RunDirectory.create(runs_dir, experiment)
        note(f"run directory: {run.path}")
        run_training(run, tensorboard=tensorboard)
