"""`mlrun resume`."""

import typer

from mlrun.cli.shared.options import DEFAULT_RUNS_DIR, Run, RunsDir, TensorBoard, examples
from mlrun.cli.shared.output import note
from mlrun.cli.shared.training import run_training

NAME = "resume"
EXAMPLES = examples("mlrun resume runs/20261122-231608-maml-reach-s0-a1b2")


def command(run: Run, tensorboard: TensorBoard = False, runs_dir: RunsDir = DEFAULT_RUNS_DIR) -> None:
    """Continue a run from its last checkpoint.

    Trains up to training.iterations in the run's config.yaml. That number includes the iterations already done.
    """
    from mlrun.runs.directory import RunDirectory
    from mlrun.training.device import require_machine
    from mlrun.training.interrupts import interrupts

    directory = RunDirectory.open(run, runs_dir)
    if directory.is_finished():
        iterations = directory.experiment().training.iterations
        note(f"already finished, after {iterations} iterations; to go on, raise training.iterations in its config.yaml")
        typer.echo(directory.path)
        return
    with interrupts() as signals:
        require_machine(directory.experiment())
        signals.check()
        run_training(directory, tensorboard=tensorboard)
