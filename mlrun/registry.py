"""Names that an experiment may refer to, and what stands behind each of them."""

import difflib
import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

ConfigT = TypeVar("ConfigT", bound=BaseModel)


class UnknownNameError(LookupError):
    """A name that nobody registered; the message lists the choices and the nearest of them."""


@dataclass(frozen=True)
class Entry(Generic[ConfigT]):
    """One registered name.

    Attributes:
        name: What a configuration file writes.
        config: The model that validates the section of the configuration file.
        target: ``"package.module:attribute"``, imported only when it is needed.
        summary: One line for listings.
    """

    name: str
    config: type[ConfigT]
    target: str
    summary: str


class Registry(Generic[ConfigT]):
    """Entries by name. Registering imports no target, so that listings and validation stay quick.

    Args:
        kind: What the entries are, in the singular, for messages: ``"algorithm"``.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry[ConfigT]] = {}

    def register(self, name: str, *, config: type[ConfigT], target: str, summary: str) -> None:
        """Add an entry.

        Raises:
            ValueError: The name is taken, or `target` is not of the form ``"package.module:attribute"``.
        """
        if name in self._entries:
            raise ValueError(f"{self.kind} {name!r} is already registered as {self._entries[name].target!r}")
        module, separator, attribute = target.partition(":")
        if not (module and separator and attribute):
            raise ValueError(f"{self.kind} {name!r}: target must be 'package.module:attribute', not {target!r}")
        self._entries[name] = Entry(name, config, target, summary)

    def entry(self, name: str) -> Entry[ConfigT]:
        """Return what is known about `name`.

        Raises:
            UnknownNameError: Nothing is registered under `name`.
        """
        try:
            return self._entries[name]
        except KeyError:
            raise UnknownNameError(self._unknown(name)) from None

    def load(self, name: str) -> type[Any]:
        """Import and return the class behind `name`.

        Raises:
            UnknownNameError: Nothing is registered under `name`.
        """
        module, _, attribute = self.entry(name).target.partition(":")
        return getattr(importlib.import_module(module), attribute)

    def names(self) -> list[str]:
        """Return the registered names, sorted."""
        return sorted(self._entries)

    def _unknown(self, name: str) -> str:
        guess = closest_match(name, self._entries)
        suggestion = f"; did you mean {guess!r}?" if guess else ""
        choices = ", ".join(repr(choice) for choice in self.names()) or "none"
        return f"unknown {self.kind} {name!r}{suggestion} (choices: {choices})"


def closest_match(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that `word` is most likely a misspelling of, or None if none is near."""
    spellings = {_plain(choice): choice for choice in choices}
    near = difflib.get_close_matches(_plain(word)[:100], spellings, n=1, cutoff=0.6)
    return spellings[near[0]] if near else None


def _plain(word: str) -> str:
    return word.lower().replace("-", "_")
