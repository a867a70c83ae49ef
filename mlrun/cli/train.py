"""`mlrun train`."""

import json
from typing import Annotated, Literal

import typer

from mlrun.cli.shared.options import DEFAULT_RUNS_DIR, ConfigFile, RunsDir, Settings, examples
from mlrun.cli.shared.output import note
from mlrun.cli.shared.training import TensorBoard, run_training

NAME = "train"
EXAMPLES = examples(
    "mlrun train configs/maml_reach.yaml",
    "mlrun train configs/maml_reach.yaml --set algorithm.inner.learning_rate=0.05 --seed 3",
    "run=$(mlrun train configs/maml_reach.yaml) && mlrun eval $run",
)


def command(
    config: ConfigFile,
    settings: Settings = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Same as --set seed=N.")] = None,
    device: Annotated[Literal["auto", "cpu", "cuda"] | None, typer.Option(help="Same as --set device=NAME.")] = None,
    name: Annotated[str | None, typer.Option(help="Part of the run's id; same as --set name=NAME.")] = None,
    tensorboard: TensorBoard = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Meta-train an experiment in a new run directory.

    Prints the run directory when training ends, also when it ends early.
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
    with interrupts() as signals:  # from here on, as what follows takes seconds to load
        require_machine(experiment)
        signals.check()
        run = RunDirectory.create(runs_dir, experiment)
        note(f"run directory: {run.path}")
        run_training(run, tensorboard=tensorboard)
