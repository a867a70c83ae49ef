"""What the experiments, and the runs of each, are called throughout a report."""

from __future__ import annotations

from collections.abc import Sequence

from mlrun.analysis.comparison.grouping import LabelledRuns, label_groups
from mlrun.runs.results import RunResults


class Naming:
    """The names, which tell apart what differs and say no more than that.

    Args:
        runs: all runs of the report.

    Attributes:
        experiments: the runs of each, under the name that figures give them as well.
        runs: all of them, those of an experiment together and by seed, as a report lists them.
    """

    def __init__(self, runs: Sequence[RunResults]) -> None:
        self.experiments: Sequence[LabelledRuns] = label_groups(runs)
        self.runs: Sequence[RunResults] = [run for group in self.experiments for run in group.runs]
        self._names = {run.path: group.label for group in self.experiments for run in group.runs}

    def experiment(self, run: RunResults) -> str:
        """The experiment that a run is of."""
        return self._names[run.path]

    def run(self, run: RunResults) -> str:
        """A run among the others."""
        return f"{self.experiment(run)}, seed {run.experiment.seed}"
