"""What is wrong with a configuration, in words for the person who wrote it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """One mistake of a configuration.

    Attributes:
        source: The file as the user named it, or the option, for example ``"--set seed=abc"``.
        line: Line of the file counted from 1; None where there is none.
        path: Dotted path of the key, for example ``"policy.hidden_sizes[1]"``; empty for the file as a whole.
        message: What is wrong, the value, and what to write instead.
    """

    source: str
    line: int | None
    path: str
    message: str

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        return ": ".join(part for part in (place, self.path, self.message) if part)


class ConfigError(Exception):
    """A configuration that cannot be used; the text has one line for each of its `mistakes`."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = list(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))
