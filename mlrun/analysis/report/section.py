"""What all sections of a report are made of: the section itself, the names of runs, and commands to copy."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from mlrun.analysis.comparison.grouping import LabelledRuns, label_groups
from mlrun.analysis.report.html import Html, element
from mlrun.runs.layout import CHECKPOINTS
from mlrun.runs.results import RunResults


@dataclass(frozen=True)
class Section:
    """A section of a report.

    Attributes:
        title: its heading.
        content: what is below the heading. A section without content is left out.
        missing: what the section could show and does not: a note each, with the reason or the command to type.
    """

    title: str
    content: Sequence[Html] = ()
    missing: Sequence[str] = ()


class Naming:
    """The names of experiments and runs in a report. They say what differs and nothing else.

    Args:
        runs: all runs of the report.

    Attributes:
        experiments: the runs of each experiment, with the label that figures give it too.
        runs: all runs in the order of the report: by experiment, then by seed.
    """

    def __init__(self, runs: Sequence[RunResults]) -> None:
        self.experiments: Sequence[LabelledRuns] = label_groups(runs)
        self.runs: Sequence[RunResults] = [run for group in self.experiments for run in group.runs]
        self._names = {run.path: group.label for group in self.experiments for run in group.runs}

    def experiment(self, run: RunResults) -> str:
        """Name of the experiment that a run is of."""
        return self._names[run.path]

    def run(self, run: RunResults) -> str:
        """Name of a run: its experiment and its seed."""
        return f"{self.experiment(run)}, seed {run.experiment.seed}"


def command(verb: str, run: RunResults) -> Html:
    """A command line to copy."""
    return element("code", f"mlrun {verb} {shlex.quote(str(run.path))}")


def has_checkpoint(run: RunResults) -> bool:
    """Whether the run has a model that `mlrun eval`, `mlrun render` and `mlrun explain` can load."""
    return (run.path / CHECKPOINTS / "last").is_file()
