"""Names that an experiment may refer to, and what stands behind each of them."""

import difflib
import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel

ConfigT = TypeVar("ConfigT", bound=BaseModel)


class UnknownNameError(LookupError):
    """A name that nobody registered; the message lists the choices and the nearest of them."""

    @classmethod
    def among(cls, kind: str, name: str, choices: Iterable[str]) -> Self:
        """Say that `name` is none of the `choices` for a `kind` of thing."""
        choices = sorted(choices)
        guess = closest_match(name, choices)
        suggestion = f"; did you mean {guess!r}?" if guess else ""
        listed = ", ".join(repr(choice) for choice in choices) or "none"
        return cls(f"unknown {kind} {name!r}{suggestion} (choices: {listed})")


@dataclass(frozen=True)
class Entry(Generic[ConfigT]):
    """One registered name.

    Attributes:
        name: What a configuration file writes.
        config: The model that validates the section of the configuration file.
        target: ``"package.module:Class"`` or ``"package.module:Class.method"``, called with the validated section and
            imported only when it is needed.
        summary: One line for listings.
        describe: ``"package.module:function"``, called with the name for what else a listing shows; its module should
            load quickly. None where there is nothing else.
    """

    name: str
    config: type[ConfigT]
    target: str
    summary: str
    describe: str | None = None


class Registry(Generic[ConfigT]):
    """Entries by name. Registering imports no target, so that listings and validation stay quick.

    Args:
        kind: What the entries are, in the singular, for messages: ``"algorithm"``.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry[ConfigT]] = {}

    def register(
        self, name: str, *, config: type[ConfigT], target: str, summary: str, describe: str | None = None
    ) -> None:
        """Add an entry.

        Raises:
            ValueError: The name is taken, or `target` is not of the form ``"package.module:attribute"``.
        """
        if name in self._entries:
            raise ValueError(f"{self.kind} {name!r} is already registered as {self._entries[name].target!r}")
        module, separator, attribute = target.partition(":")
        if not (module and separator and attribute):
            raise ValueError(f"{self.kind} {name!r}: target must be 'package.module:attribute', not {target!r}")
        self._entries[name] = Entry(name, config, target, summary, describe)

    def entry(self, name: str) -> Entry[ConfigT]:
        """Return what is known about `name`.

        Raises:
            UnknownNameError: Nothing is registered under `name`.
        """
        try:
            return self._entries[name]
        except KeyError:
            raise UnknownNameError.among(self.kind, name, self._entries) from None

    def load(self, name: str) -> Callable[[ConfigT], Any]:
        """Import and return what builds `name` from its configuration.

        Raises:
            UnknownNameError: Nothing is registered under `name`.
        """
        return _import(self.entry(name).target)

    def describe(self, name: str) -> Any:
        """Return what else there is to list of `name`, or None.

        Raises:
            UnknownNameError: Nothing is registered under `name`.
        """
        describe = self.entry(name).describe
        return None if describe is None else _import(describe)(name)

    def names(self) -> list[str]:
        """Return the registered names, sorted."""
        return sorted(self._entries)


def _import(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return attrgetter(attribute)(importlib.import_module(module))


def closest_match(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that `word` is most likely a misspelling of, or None if none is near."""
    spellings = {_plain(choice): choice for choice in choices}
    near = difflib.get_close_matches(_plain(word)[:100], spellings, n=1, cutoff=0.6)
    return spellings[near[0]] if near else None


def _plain(word: str) -> str:
    return word.lower().replace("-", "_")
