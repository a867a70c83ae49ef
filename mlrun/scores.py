"""The names of scores, and how people are shown them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Score:
    """A number that a model is judged by.

    Attributes:
        label: what it is.
        short: the same in a line of text.
        decimals: digits after the point.
        share: whether it is a part of 1, which may be written as a percentage.
        less_is_better: whether it is an error or a cost.
    """

    label: str
    short: str
    decimals: int
    share: bool = False
    less_is_better: bool = False

    def as_text(self, value: float | None) -> str:
        """The value as in a line of text; None as a dash."""
        if value is None:
            return "-"
        return f"{value:.0%}" if self.share else f"{value:.{self.decimals}f}"


SCORES: Final[dict[str, Score]] = {
    "success_any": Score("success at any step", "any-step", 2, share=True),
    "success_last": Score("success at the last step", "last-step", 2, share=True),
    "return": Score("return", "return", 1),
    "time_to_success": Score("control steps to success", "time", 1, less_is_better=True),
    "mse": Score("mean squared error", "error", 3, less_is_better=True),
}

SHOWN: Final = ("return", "success_any", "success_last", "mse")
"""Those that are followed: by figures from the top to the bottom, by a line of progress from left to right."""
