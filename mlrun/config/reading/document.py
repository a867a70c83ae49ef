"""A configuration as written: its values, where each of them was written, and what is wrong with it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Mistake:
    """One mistake in a configuration.

    Attributes:
        source: The file as the user named it, or the option, for example ``"--set seed=abc"``.
        line: Line of the file, counted from 1, or None.
        path: Dotted path of the key, for example ``"policy.hidden_sizes[1]"``. Empty for the file as a whole.
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
    """A configuration that cannot be used. The text has one line for each of its `mistakes`."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = list(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


@dataclass(frozen=True, order=True)
class Place:
    """Where something was written.

    Attributes:
        order: 0 for the file, n for the n-th override. Mistakes are reported in this order.
        line: Line of the file, counted from 1. None for an override.
        source: The file or the option, as the user typed it.
    """

    order: int
    line: int | None
    source: str

    def at(self, line: int) -> "Place":
        """Return a line of the same file. An override has no lines and stays as it is."""
        return self if self.line is None else replace(self, line=line)


@dataclass
class Document:
    """A tree of plain values that knows where they were written.

    Attributes:
        value: The tree. A usable configuration is a dict of sections.
        start: The place of the tree as a whole.
        places: The place of each key and list entry.
        texts: The source text of each number, boolean and null, for quoting it as the user wrote it.
        mistakes: Mistakes that did not stop the reading.
    """

    value: Any
    start: Place
    places: dict[KeyPath, Place] = field(default_factory=dict)
    texts: dict[KeyPath, str] = field(default_factory=dict)
    mistakes: list[tuple[Place, Mistake]] = field(default_factory=list)

    def place(self, path: KeyPath) -> Place:
        """Return where `path` was written. If it was not, return the place of the innermost section around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, self.start)

    def add_mistake(self, path: KeyPath, message: str, place: Place | None = None) -> None:
        """Add a mistake at `place`, or else where `path` was written."""
        place = place or self.place(path)
        self.mistakes.append((place, Mistake(place.source, place.line, dotted(path), message)))

    def graft(self, path: KeyPath, branch: "Document") -> None:
        """Replace what was written at `path` by `branch`, which was parsed with `path` as its base.

        Sections on the way are made if they are missing. A value that stands in the place of one is replaced.
        """
        for known in (self.places, self.texts):
            for stale in [other for other in known if other[: len(path)] == path]:
                del known[stale]
        section = self.value
        for depth, key in enumerate(path[:-1], start=1):
            if not isinstance(section.get(key), dict):
                section[key] = {}
                self.places[path[:depth]] = branch.start
            section = section[key]
        section[path[-1]] = branch.value
        self.places |= {path: branch.start, **branch.places}
        self.texts |= branch.texts
        self.mistakes += branch.mistakes


def dotted(path: KeyPath) -> str:
    """Return a path as users write it: ``policy.hidden_sizes[1]``."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{printable(key)}"
    return text.removeprefix(".")


def printable(text: str, limit: int = 80) -> str:
    """Return `text` for one line of a message: with escapes where it needs them, and at most `limit` characters."""
    shown = text if text.isprintable() and text.strip() else repr(text)
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."
