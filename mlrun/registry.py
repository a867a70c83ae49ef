"""Registries: the names that an experiment can use, each with its configuration model and its class."""

import difflib
import functools
import importlib
import importlib.metadata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel

ConfigT = TypeVar("ConfigT", bound=BaseModel)


class UnknownNameError(LookupError):
    """A name that is not registered. The message lists the choices and names the nearest one."""

    @classmethod
    def among(cls, kind: str, name: str, choices: Iterable[str], note: str = "") -> Self:
        """Make the error for a `name` that is not among the `choices`.

        Args:
            kind: What is named, in the singular, for example ``"camera"``.
            name: The unknown name.
            choices: The known names.
            note: Is put before the choices.
        """
        choices = sorted(choices)
        guess = closest_match(name, choices)
        suggestion = f"; did you mean {guess!r}?" if guess else ""
        listed = ", ".join(repr(choice) for choice in choices) or "none"
        return cls(f"unknown {kind} {name!r}{suggestion} ({note}choices: {listed})")


class PluginError(LookupError):
    """A name that an installed package offers but that cannot be used."""


@dataclass(frozen=True)
class Entry(Generic[ConfigT]):
    """One registered name.

    Attributes:
        name: What a configuration file writes.
        config: The model that validates the section of the configuration file.
        target: ``"package.module:Class"`` or ``"package.module:Class.method"``. It is called with the validated
            section. It is imported only when it is needed.
        summary: One line for listings.
        describe: ``"package.module:function"``. It is called with the name, and returns more for listings. Its module
            should load quickly. None if there is nothing more.
    """

    name: str
    config: type[ConfigT]
    target: str
    summary: str
    describe: str | None = None


class Registry(Generic[ConfigT]):
    """Entries by name: those registered here, and those that installed packages offer as entry points.

    An entry point is a class. Its attribute ``config_model`` is the model that validates the section of the
    configuration file.

    Registering an entry does not import its target. An entry point is loaded only when it is asked for by name. So
    listings and validation stay quick.

    Args:
        kind: What the entries are, in the singular, for messages: ``"algorithm"``.
        base: The base class of every entry's `config`.
        group: The group of the entry points. None if packages cannot add entries.
    """

    def __init__(self, kind: str, base: type[ConfigT], group: str | None = None) -> None:
        self.kind = kind
        self._base = base
        self._group = group
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
        """Return the entry of a name.

        Raises:
            UnknownNameError: There is no such name.
            PluginError: The name is registered twice, or the package that offers it cannot be used.
        """
        points = [point for point in self._entry_points if point.name == name]
        if name in self._entries and not points:
            return self._entries[name]
        if not points:
            note = "" if self._group is None else "no installed package provides it; "
            raise UnknownNameError.among(self.kind, name, self.names(), note)
        if name in self._entries or len(points) > 1:
            origins = ["mlrun"] * (name in self._entries) + [_package(point) for point in points]
            raise PluginError(f"{self.kind} {name!r} comes from {' and '.join(origins)}; uninstall all but one")
        return self._plugin(points[0])

    def load(self, name: str) -> Callable[[ConfigT], Any]:
        """Import and return the target of a name. It is called with the validated section.

        Raises:
            UnknownNameError: There is no such name.
            PluginError: The name is registered twice, or the package that offers it cannot be used.
        """
        return _import(self.entry(name).target)

    def describe(self, name: str) -> Any:
        """Return what the `describe` function of an entry returns for listings, or None if it has none.

        Raises:
            UnknownNameError: There is no such name.
            PluginError: The name is registered twice, or the package that offers it cannot be used.
        """
        describe = self.entry(name).describe
        return None if describe is None else _import(describe)(name)

    def entries(self) -> list[Entry[ConfigT]]:
        """Return the entries registered here, sorted by name. Nothing is loaded."""
        return [self._entries[name] for name in sorted(self._entries)]

    def offered(self) -> dict[str, str]:
        """Return the names that installed packages offer, each with its package and version. Nothing is loaded."""
        return {point.name: _package(point) for point in sorted(self._entry_points, key=attrgetter("name"))}

    def names(self) -> list[str]:
        """Return all names, sorted. Nothing is loaded."""
        return sorted({*self._entries, *self.offered()})

    def full_name(self, name: str) -> str:
        """Return the full name for a short one: ``ml1/reach-v3`` for ``reach-v3``.

        Return `name` itself if it is registered, or if not exactly one registered name ends in ``/name``.
        """
        names = self.names()
        longer = [full for full in names if full.endswith(f"/{name}")]
        return longer[0] if len(longer) == 1 and name not in names else name

    @functools.cached_property
    def _entry_points(self) -> Collection[importlib.metadata.EntryPoint]:
        return () if self._group is None else importlib.metadata.entry_points(group=self._group)

    def _plugin(self, point: importlib.metadata.EntryPoint) -> Entry[ConfigT]:
        try:
            target = point.load()
        except Exception as error:  # importing the module of another package can raise anything
            reason = f"{type(error).__name__}: {error}"
            raise PluginError(f"{self.kind} {point.name!r} of {_package(point)} cannot be loaded: {reason}") from error
        config = getattr(target, "config_model", None)
        if not (isinstance(config, type) and issubclass(config, self._base)):
            wanted = f"an attribute config_model that derives from {self._base.__name__}"
            raise PluginError(f"{self.kind} {point.name!r} of {_package(point)} lacks {wanted}")
        return Entry(point.name, config, point.value, (target.__doc__ or "").strip().partition("\n")[0])


def _package(point: importlib.metadata.EntryPoint) -> str:
    return "an unknown package" if point.dist is None else f"{point.dist.name} {point.dist.version}"


def _import(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return attrgetter(attribute)(importlib.import_module(module))


def closest_match(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that is nearest to a misspelt `word`, or None if none is near.

    The word may also be near to the part of a choice after its last ``/``. Case and ``-`` for ``_`` do not matter.
    """
    spellings = {_plain(spelling): choice for choice in choices for spelling in (choice, choice.rpartition("/")[2])}
    near = difflib.get_close_matches(_plain(word)[:100], spellings, n=1, cutoff=0.6)
    return spellings[near[0]] if near else None


def _plain(word: str) -> str:
    return word.lower().replace("-", "_")
