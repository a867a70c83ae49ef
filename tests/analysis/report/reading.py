"""An HTML document as a browser would see it, for tests; it must be well-formed."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = ("img", "meta")


class Page(HTMLParser):
    """The elements of a document.

    Attributes:
        source: the document.
        tags: names of all elements, in order.
        attributes: name and value of all attributes of all elements.
        tables: of each, its rows, of each of them the texts of the cells.
        text: all there is to read, without the style sheet, with single spaces.
    """

    def __init__(self, document: str) -> None:
        super().__init__()
        self.source = document
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.tables: list[list[list[str]]] = []
        self._open: list[str] = []
        self._texts: list[str] = []
        assert document.startswith("<!DOCTYPE html>")
        self.feed(document)
        self.close()
        assert not self._open, f"never closed: {self._open}"
        self.text = " ".join("".join(self._texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        opened = self._open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"
        if tag not in ("strong", "small", "code", "span"):
            self._texts.append(" ")

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self._texts.append(data)
        if "td" in self._open or "th" in self._open:
            self.tables[-1][-1][-1] += data

    def addresses(self) -> list[str]:
        """Everything that a browser would load or lead to."""
        return [value for name, value in self.attributes if name in ("src", "href", "srcset", "action", "poster")]
