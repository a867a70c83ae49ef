"""Tasks: a family and the numbers that make one task of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import torch

Split = Literal["train", "test"]


@dataclass(frozen=True)
class Task:
    """One task of a benchmark.

    Attributes:
        index: its position, from 0, in its list or in the meta-batch that it was drawn for.
        split: "train", or "test" for a held-out task.
        parameters: the numbers that differ between tasks of a family. The family defines their meaning.
        family: name of its task family; None if the benchmark has just one.
    """

    index: int
    split: Split
    parameters: tuple[float, ...]
    family: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns the task as data for JSON. It has a "family" only if the task names one."""
        data = {"index": self.index, "split": self.split, "parameters": list(self.parameters)}
        return data if self.family is None else {**data, "family": self.family}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Returns the task that `to_dict` wrote."""
        return cls(data["index"], data["split"], tuple(data["parameters"]), data.get("family"))


def stack_parameters(tasks: Sequence[Task]) -> torch.Tensor:
    """Returns the parameters of tasks of one family, ``(tasks, numbers)``, float64."""
    return torch.tensor([task.parameters for task in tasks], dtype=torch.float64)
