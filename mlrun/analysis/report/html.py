"""HTML that cannot be broken by what is put into it: every text is escaped unless it was made here."""

import base64
import html
from collections.abc import Iterable
from typing import Final

_VOID: Final = ("img", "meta")
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


class Html(str):
    """Text that is HTML already, and is put into other HTML as it is."""

    __slots__ = ()


def element(tag: str, *content: str, **attributes: str | bool) -> Html:
    """An element.

    Args:
        tag: its name.
        content: elements, and texts, which are escaped.
        attributes: by name, with ``_`` for ``-`` and after names that are words of Python; True for one without value.
    """
    given = "".join(_attribute(name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items())
    inside = "" if tag in _VOID else f"{join(content)}</{tag}>"
    return Html(f"<{tag}{given}>{inside}")


def join(content: Iterable[str]) -> Html:
    """Elements and texts one after the other."""
    return Html("".join(part if isinstance(part, Html) else _escaped(part) for part in content))


def data_uri(content: bytes, kind: str) -> str:
    """A file as an address that contains it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _attribute(name: str, value: str | bool) -> str:
    if isinstance(value, bool):
        return f" {name}" if value else ""
    return f' {name}="{_escaped(value)}"'


def _escaped(text: str) -> str:
    """The text without what would be markup, or what no browser or no file could show."""
    return html.escape("".join(letter if letter.isprintable() or letter == "\n" else _REPLACEMENT for letter in text))
