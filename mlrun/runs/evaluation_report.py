"""The report of an evaluation as one reads it that may be damaged, or written by another version."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ValidationError, model_validator

from mlrun.config.reading.document import printable
from mlrun.errors import MlrunError
from mlrun.runs.layout import EVALUATIONS
from mlrun.runs.record import read_small_file

_MAX_BYTES = 64 * 2**20


def _fit_for_a_line(name: str) -> str:
    if printable(name) != name:
        raise ValueError("not a name that fits into a line of text")
    return name


_Name = Annotated[str, AfterValidator(_fit_for_a_line)]  # shown in terminals, tables and figures as it is


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
    by_step: list[dict[str, int | _Interval]]
    floors: dict[_Name, dict[str, float | None]]
    per_task: list[_TaskScores]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        names = [{name for name, score in scores.items() if isinstance(score, _Interval)} for scores in self.by_step]
        if not names or not self.per_task:
            raise ValueError("there are no scores in it")
        if any([scores.keys() for scores in task.by_step] != names for task in self.per_task):
            raise ValueError("it has not the scores of every task after every step")
        if self.tasks != len(self.per_task):
            raise ValueError("it has not as many tasks as it says")
        if len({len(task.parameters) for task in self.per_task}) > 1:
            raise ValueError("some of its tasks have more parameters than others")
        return self


def read_reports(run: Path) -> list[dict[str, Any]]:
    """The reports in the eval/ of the run in a directory, as `evaluate_run` wrote them, the newest first.

    Raises:
        MlrunError: one of them is damaged.
    """
    paths = list((run / EVALUATIONS).glob("*.json"))
    return [_read(path) for path in sorted(paths, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)]


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
