"""HTML from texts that nobody has checked: every text is escaped unless it was made by a function of this module."""

import base64
import html
from collections.abc import Iterable, Sequence
from typing import Final

_VOID: Final = ("img", "meta")
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


class Html(str):
    """Text that is HTML already. Other HTML takes it as it is."""

    __slots__ = ()


def element(tag: str, *content: str, **attributes: str | bool) -> Html:
    """Make an element.

    Args:
        tag: name of the element.
        content: elements, and texts, which are escaped.
        attributes: values by name. Write ``_`` for ``-``, and add ``_`` to keywords of Python, as in ``class_``. True
            gives an attribute without a value, False none.
    """
    given = "".join(_attribute(name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items())
    inside = "" if tag in _VOID else f"{join(content)}</{tag}>"
    return Html(f"<{tag}{given}>{inside}")


def join(content: Iterable[str]) -> Html:
    """Join elements and texts. Texts are escaped."""
    return Html("".join(part if isinstance(part, Html) else _escaped(part) for part in content))


def data_uri(content: bytes, kind: str) -> str:
    """An address that contains a file.

    Args:
        content: of the file.
        kind: its MIME type.
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def table(caption: str, headings: Sequence[str], bodies: Iterable[Html]) -> Html:
    """Make a table with a caption above it. On a narrow screen the table scrolls sideways and the caption does not.

    Args:
        caption: says what is in the table.
        headings: of the columns, the column of row names first.
        bodies: groups of rows, made by `body`.
    """
    first, *others = headings
    corner = element("th", first, scope="col") if first else element("td")
    head = element("tr", corner, *(element("th", heading, scope="col") for heading in others))
    rows = element("table", element("thead", head), *bodies)
    scrolling = element("div", rows, class_="scroll", role="region", aria_label=caption, tabindex="0")
    return join([element("p", caption, class_="caption"), scrolling])


def body(heading: str, columns: int, rows: Iterable[Html]) -> Html:
    """Make a group of rows below a heading as wide as `columns`. An empty heading is left out."""
    above = element("tr", element("th", heading, colspan=str(columns), scope="rowgroup"), class_="group")
    return element("tbody", *([above] if heading else []), *rows)


def row(name: str, cells: Iterable[str], kind: str = "plain") -> Html:
    """Make a row of a table. The style sheet formats it by its kind."""
    return element("tr", element("th", name, scope="row"), *(element("td", cell) for cell in cells), class_=kind)


def interval(value: float, low: float, high: float, decimals: int) -> Html:
    """A number and its interval."""
    around = f"[{low:.{decimals}f}, {high:.{decimals}f}]"
    return join([f"{value:.{decimals}f}", " ", element("small", around)])


def number(value: float | None, decimals: int) -> str:
    """A number, or a dash for None."""
    return "-" if value is None else f"{value:.{decimals}f}"


def picture(address: str, title: str, description: str) -> Html:
    """Make a picture with a title above it. The description is for readers who cannot see it."""
    return element("figure", element("figcaption", title), element("img", src=address, alt=description))


def bullets(sentences: Sequence[str], kind: str) -> Html:
    """Make a list of sentences, empty if there are none. The style sheet formats it by its kind."""
    return element("ul", *(element("li", sentence) for sentence in sentences), class_=kind) if sentences else Html()


def folded(title: str, *content: str) -> Html:
    """Make content that is hidden below its title until a reader opens it."""
    return element("details", element("summary", title), *content)


def _attribute(name: str, value: str | bool) -> str:
    if isinstance(value, bool):
        return f" {name}" if value else ""
    return f' {name}="{_escaped(value)}"'


def _escaped(text: str) -> str:
    """Escape markup, and replace characters that browsers cannot show or files cannot hold."""
    return html.escape("".join(letter if letter.isprintable() or letter == "\n" else _REPLACEMENT for letter in text))
