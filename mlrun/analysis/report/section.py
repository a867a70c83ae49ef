"""A part of a report."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from mlrun.analysis.report.html import Html, element
from mlrun.runs.layout import CHECKPOINTS
from mlrun.runs.results import RunResults


@dataclass(frozen=True)
class Section:
    """What there is to show of one kind.

    Attributes:
        title: its heading.
        content: what is below; without any the section is left out.
        missing: what could be there and is not, with the reason or what to type, a remark each.
    """

    title: str
    content: Sequence[Html] = ()
    missing: Sequence[str] = field(default=())


def command(verb: str, run: RunResults) -> Html:
    """A command line to copy."""
    return element("code", f"mlrun {verb} {shlex.quote(str(run.path))}")


def has_checkpoint(run: RunResults) -> bool:
    """Whether there is a model to evaluate, to draw and to look into."""
    return (run.path / CHECKPOINTS / "last").is_file()


def picture(address: str, title: str, description: str) -> Html:
    """A picture with its title above it, and for readers who cannot see it with a description."""
    return element("figure", element("figcaption", title), element("img", src=address, alt=description))


def bullets(sentences: Sequence[str], kind: str) -> Html:
    """Remarks, one below the other; nothing if there are none."""
    return element("ul", *(element("li", sentence) for sentence in sentences), class_=kind) if sentences else Html()


def folded(title: str, *content: str) -> Html:
    """Something that most readers can do without."""
    return element("details", element("summary", title), *content)
