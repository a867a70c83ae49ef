"""What a task is: a numbered variation of one family, drawn from a split, as plain numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import torch

Split = Literal["train", "test"]


@dataclass(frozen=True)
class Task:
    """One task of a benchmark.

    Attributes:
        index: position in the list that it belongs to, or in the meta-batch that it was drawn for; from 0.
        split: "train" or "test", the latter for held-out tasks.
        parameters: the numbers that tell this task from others of its family; the family says what they mean.
        family: name of its task family; None where the benchmark has just one.
    """

    index: int
    split: Split
    parameters: tuple[float, ...]
    family: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The task as JSON-able data; a family is named where there is more than one."""
        data = {"index": self.index, "split": self.split, "parameters": list(self.parameters)}
        return data if self.family is None else {**data, "family": self.family}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The task that `to_dict` wrote."""
        return cls(data["index"], data["split"], tuple(data["parameters"]), data.get("family"))


def stack_parameters(tasks: Sequence[Task]) -> torch.Tensor:
    """The parameters of tasks of one family, ``(tasks, numbers)``, float64."""
    return torch.tensor([task.parameters for task in tasks], dtype=torch.float64)
