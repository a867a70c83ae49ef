"""What the user wrote, together with where each part of it was written."""

from dataclasses import dataclass, field, replace
from typing import Any

from mlrun.config.reading.errors import Mistake

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Place:
    """Where something was written.

    Attributes:
        order: 0 for the file, n for the n-th override; mistakes are reported in this order.
        line: Line of the file counted from 1; None for an override.
        source: The file or the option, as the user typed it.
    """

    order: int
    line: int | None
    source: str

    def at(self, line: int) -> "Place":
        """Return a line of the same file; an override has no lines and stays as it is."""
        return self if self.line is None else replace(self, line=line)


@dataclass
class Document:
    """A tree of plain values that remembers its sources.

    Attributes:
        value: The tree; a dict of sections for a usable configuration.
        start: The place of the tree as a whole.
        places: The place of each key and list entry.
        texts: The source text of each number, boolean and null, to quote it as the user wrote it.
        mistakes: Mistakes found on the way that do not prevent reading on.
    """

    value: Any
    start: Place
    places: dict[KeyPath, Place] = field(default_factory=dict)
    texts: dict[KeyPath, str] = field(default_factory=dict)
    mistakes: list[tuple[Place, Mistake]] = field(default_factory=list)

    def place(self, path: KeyPath) -> Place:
        """Return where `path` was written, or else the innermost section around it that was written."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, self.start)

    def add_mistake(self, path: KeyPath, message: str, place: Place | None = None) -> None:
        """Note a mistake, at `place` or where `path` was written."""
        place = place or self.place(path)
        self.mistakes.append((place, Mistake(place.source, place.line, dotted(path), message)))

    def graft(self, path: KeyPath, branch: "Document") -> None:
        """Replace what was written at `path` by `branch`, which was read with `path` as its base.

        A section on the way that is missing, or is no section, is made anew: the later word wins.
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
    """Return `text` fit for one line of a message: escaped if need be, and shortened."""
    shown = text if text.isprintable() and text.strip() else repr(text)
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."
