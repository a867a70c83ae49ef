"""What a task is: a numbered variation of one problem, drawn from a split, as plain numbers."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

Split = Literal["train", "test"]


@dataclass(frozen=True)
class Task:
    """One task of a benchmark.

    Attributes:
        index: position in the list that it belongs to, or in the meta-batch that it was drawn for; from 0.
        split: "train" or "test", the latter for held-out tasks.
        parameters: the numbers that tell this task from the others; the benchmark says what they mean.
    """

    index: int
    split: Split
    parameters: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """The task as JSON-able data."""
        return asdict(self) | {"parameters": list(self.parameters)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The task that `to_dict` wrote."""
        return cls(data["index"], data["split"], tuple(data["parameters"]))
