"""Tables of scores, which are read on a phone as well as on a large screen."""

from collections.abc import Iterable, Sequence

from mlrun.analysis.report.html import Html, element, join


def table(caption: str, headings: Sequence[str], bodies: Iterable[Html]) -> Html:
    """A table that scrolls sideways where it is too wide, below a line that does not.

    Args:
        caption: what is in it.
        headings: of the columns; the first is that of the rows' names.
        bodies: groups of rows.
    """
    first, *others = headings
    corner = element("th", first, scope="col") if first else element("td")
    head = element("tr", corner, *(element("th", heading, scope="col") for heading in others))
    rows = element("table", element("thead", head), *bodies)
    scrolling = element("div", rows, class_="scroll", role="region", aria_label=caption, tabindex="0")
    return join([element("p", caption, class_="caption"), scrolling])


def body(heading: str, columns: int, rows: Iterable[Html]) -> Html:
    """Rows that belong together, below a line that says what they are; none for an empty heading."""
    above = element("tr", element("th", heading, colspan=str(columns), scope="rowgroup"), class_="group")
    return element("tbody", *([above] if heading else []), *rows)


def row(name: str, cells: Iterable[str], kind: str = "plain") -> Html:
    """A line of cells, of a kind that the style sheet knows."""
    return element("tr", element("th", name, scope="row"), *(element("td", cell) for cell in cells), class_=kind)


def interval(value: float, low: float, high: float, decimals: int) -> Html:
    """A number with its interval."""
    around = f"[{low:.{decimals}f}, {high:.{decimals}f}]"
    return join([f"{value:.{decimals}f}", " ", element("small", around)])


def number(value: float | None, decimals: int) -> str:
    """A number, or a dash where there is none."""
    return "-" if value is None else f"{value:.{decimals}f}"
