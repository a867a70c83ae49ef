"""The saved evaluations of a run: the reports in eval/. They may be damaged, or of another version of mlrun."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ValidationError, model_validator

from mlrun.config.reading.document import printable
from mlrun.errors import MlrunError
from mlrun.runs.files import read_small_file
from mlrun.runs.layout import EVALUATIONS
from mlrun.scores import SCORES

_MAX_BYTES = 64 * 2**20


def _fits_in_a_line(name: str) -> str:
    if printable(name) != name:
        raise ValueError("not a name that fits into a line of text")
    return name


_Name = Annotated[str, AfterValidator(_fits_in_a_line)]  # terminals, tables and figures show it as it is


class _Interval(BaseModel, allow_inf_nan=False):
    mean: float
    low: float
    high: float


class _TaskScores(BaseModel, allow_inf_nan=False):
    index: int
    parameters: list[float]
    by_step: list[dict[str, float]]


class _Report(BaseModel):
    benchmark: _Name
    split: Literal["train", "test"]
    tasks: int
    horizon: int | None
    episodes: int | None = None
    shots: int | None = None
    checkpoint: int
    data_by_step: list[int] | None = None  # older reports have none
    by_step: list[dict[str, int | _Interval]]
    floors: dict[_Name, dict[str, float | None]]  # scores of reference policies
    per_task: list[_TaskScores]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        names = [{name for name, score in scores.items() if isinstance(score, _Interval)} for scores in self.by_step]
        if not names or not self.per_task:
            raise ValueError("there are no scores in it")
        if any([scores.keys() for scores in task.by_step] != names for task in self.per_task):
            raise ValueError("it does not have the scores of every task after every step")
        if self.data_by_step is not None and len(self.data_by_step) != len(names):
            raise ValueError("it does not say how much data each step has used")
        if self.tasks != len(self.per_task):
            raise ValueError("it does not have as many tasks as it says")
        if len({len(task.parameters) for task in self.per_task}) > 1:
            raise ValueError("some of its tasks have more parameters than others")
        return self


def read_reports(run: Path) -> list[dict[str, Any]]:
    """The reports of the run in a directory, as `evaluate_run` wrote them, the newest first.

    Raises:
        MlrunError: one of them is damaged.
    """
    paths = list((run / EVALUATIONS).glob("*.json"))
    return [_read(path) for path in sorted(paths, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)]


def summarise_reports(run: Path, problems: list[str]) -> list[dict[str, Any]]:
    """What listings show of each report of a run, by file name: mean scores at the first and the last step.

    Args:
        run: its directory.
        problems: gets a line for each damaged report. Such a report is left out.
    """
    summaries = []
    for path in sorted((run / EVALUATIONS).glob("*.json")):
        try:
            summaries.append(_summarise(path))
        except MlrunError as error:
            problems.append(f"{EVALUATIONS}/{error}")
    return summaries


def adapts_by_memory(report: Mapping[str, Any]) -> bool:
    """Whether the evaluated learner adapts by its memory, so that each adaptation step is an episode of a trial."""
    return "without_rewards" in report


def _read(path: Path) -> dict[str, Any]:
    try:
        report = json.loads(read_small_file(path, _MAX_BYTES))
        _Report.model_validate(report, strict=True)
    except MlrunError as error:
        raise MlrunError(f"{path.parent}/{error}") from None
    except ValidationError as error:
        mistake = error.errors(include_url=False, include_input=False)[0]
        where = printable(".".join(map(str, mistake["loc"])))
        raise _damaged(path, f"{where}: {mistake['msg']}" if where else mistake["msg"]) from None
    except (ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from None
    return report


def _damaged(path: Path, reason: str) -> MlrunError:
    return MlrunError(f"{path} is damaged: {reason}; delete it, or repeat the evaluation")


def _summarise(path: Path) -> dict[str, Any]:
    try:
        result = json.loads(read_small_file(path, _MAX_BYTES))
        kept = ("split", "checkpoint", "tasks", "episodes", "shots")
        about = {name: result[name] for name in kept if name in result}
        about |= {"by_memory": True} if adapts_by_memory(result) else {}
        before, after = (_means(result["by_step"][step]) for step in (0, -1))
        steps = len(result["by_step"]) - 1
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise MlrunError(f"{path.name} is damaged: {type(error).__name__}: {error}") from error
    return {"file": str(path), **about, "steps": steps, "before": before, "after": after}


def _means(scores: dict[str, Any]) -> dict[str, float | None]:
    means = {name: scores[name]["mean"] for name in SCORES if name in scores}
    if any(not isinstance(mean, int | float | None) for mean in means.values()):
        raise ValueError("a score that is not a number")
    return means
