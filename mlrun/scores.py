"""The scores of a model: their names, and how text and figures show them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Score:
    """How one kind of score is shown.

    Attributes:
        label: what it is, in words.
        short: a short label for a line of text.
        decimals: digits after the decimal point.
        share: whether it is a part of 1. Text shows it as a percentage.
        less_is_better: whether a lower value is better, as for an error or a cost.
    """

    label: str
    short: str
    decimals: int
    share: bool = False
    less_is_better: bool = False

    def as_text(self, value: float | None) -> str:
        """The value for a line of text. None is a dash."""
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
"""The main scores, in the order of display: figures show them from the top, lines of text from the left."""
