"""The page as a whole."""

from __future__ import annotations

import importlib.resources
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from mlrun import __version__
from mlrun.analysis.comparison.compare import Comparison
from mlrun.analysis.comparison.protocol import EvaluatedRun, IncomparableError, evaluated
from mlrun.analysis.report.comparing import compare_scores, comparison_section
from mlrun.analysis.report.configuration import configuration_section
from mlrun.analysis.report.embedding import Room
from mlrun.analysis.report.explanations import explanations_section
from mlrun.analysis.report.films import films_section
from mlrun.analysis.report.headline import result, title
from mlrun.analysis.report.html import Html, element, join
from mlrun.analysis.report.naming import Naming
from mlrun.analysis.report.provenance import provenance_section
from mlrun.analysis.report.scores import scores_section
from mlrun.analysis.report.section import Section, bullets
from mlrun.analysis.report.standing import standing
from mlrun.runs.results import RunResults
from mlrun.wording import counted

# Whatever a run might have smuggled in, the browser loads nothing for this page and runs nothing in it.
_POLICY: Final = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"

_NOT_DRAWN: Final = "Figures: matplotlib, which draws them, was not installed where this page was made."


def report_page(runs: Sequence[RunResults], *, drawn: bool = True) -> str:
    """One HTML document about one or more runs, with everything in it that it shows.

    What runs do not have yet, or cannot have, is named in it.

    Args:
        runs: what it is about; the experiments are in the order in which these first have them.
        drawn: whether figures are drawn, which takes matplotlib.
    """
    naming = Naming(runs)
    runs = naming.runs
    evaluations = [evaluation for run in runs if (evaluation := evaluated(run, "test", None, None))]
    comparisons = _compared(evaluations)
    room = Room()
    explanations = explanations_section(runs, naming, room)  # small; a long film must not take the room for them
    sections = [
        comparison_section(comparisons, naming),
        scores_section(evaluations, naming),
        _figures(runs) if drawn else Section("Figures", missing=[_NOT_DRAWN]),
        films_section(runs, naming, room),
        explanations,
        configuration_section(naming),
        provenance_section(runs, naming),
    ]
    header = element(
        "header",
        element("p", f"mlrun report, {counted(len(runs), 'run')}", class_="kind"),
        element("h1", title(runs)),
        element("p", result(runs, comparisons, naming), class_="result"),
        standing(runs),
    )
    missing = Section("Not in this report", [bullets([line for one in sections for line in one.missing], "notes")])
    shown = [_section(section) for section in (*sections, missing) if any(section.content)]
    return f"<!DOCTYPE html>\n{_document(title(runs), join([header, *shown, _footer()]))}\n"


def _compared(runs: Sequence[EvaluatedRun]) -> Sequence[Comparison] | IncomparableError:
    try:
        return compare_scores(runs) if runs else []
    except IncomparableError as error:
        return error


def _figures(runs: Sequence[RunResults]) -> Section:
    from mlrun.analysis.report.figures import figures_section

    return figures_section(runs)


def _section(section: Section) -> Html:
    return element("section", element("h2", section.title), *section.content)


def _document(name: str, content: Html) -> Html:
    style = (importlib.resources.files("mlrun.analysis.report") / "style.css").read_text(encoding="utf-8")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", name),
        element("style", Html(style)),
    )
    return element("html", head, element("body", element("main", content)), lang="en")


def _footer() -> Html:
    made = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    return element("footer", f"Made by mlrun {__version__}, {made}.")
