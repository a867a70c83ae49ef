"""What a reader must know of the runs in a figure, or of a run that is not in it."""

from collections.abc import Sequence

from mlrun.runs.results import RunResults


def unfinished(runs: Sequence[RunResults]) -> str:
    """Say which runs have not come to their end; empty where all have."""
    parts = [
        f"{run.id} is {run.status} at iteration {run.iterations_done} of {run.experiment.training.iterations}"
        for run in runs
        if run.status != "finished"
    ]
    return f"{'; '.join(parts)}." if parts else ""


def not_evaluated(run: RunResults) -> str | None:
    """Say that there is no evaluation on held-out tasks, if there is none."""
    return None if run.evaluation() else f"it has no evaluation on test tasks; to make one: mlrun eval {run.path}"


def not_the_best(runs: Sequence[RunResults]) -> str:
    """Say which runs were evaluated at another checkpoint than their best; empty where none was."""
    evaluated = [(run, report["checkpoint"], run.best_checkpoint) for run in runs if (report := run.evaluation())]
    parts = [
        f"{run.id} is shown at checkpoint {checkpoint}, its best is {best}"
        for run, checkpoint, best in evaluated
        if best not in (None, checkpoint)
    ]
    return f"{'; '.join(parts)}." if parts else ""
