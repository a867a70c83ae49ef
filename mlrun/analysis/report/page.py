"""The report as a whole: one HTML document."""

from __future__ import annotations

import importlib.resources
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from mlrun import __version__
from mlrun.analysis.comparison.compare import Comparison
from mlrun.analysis.comparison.protocol import EvaluatedRun, IncomparableError, evaluated
from mlrun.analysis.report.headline import result, status_box, title
from mlrun.analysis.report.html import Html, bullets, element, join
from mlrun.analysis.report.media import SizeLimit, explanations_section, videos_section
from mlrun.analysis.report.provenance import configuration_section, provenance_section
from mlrun.analysis.report.scores import compare_scores, comparison_section, scores_section
from mlrun.analysis.report.section import Naming, Section
from mlrun.runs.results import RunResults
from mlrun.wording import counted

# The browser loads nothing and runs nothing, even if a file of a run contains hostile HTML.
_POLICY: Final = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"

_NOT_DRAWN: Final = "Figures: matplotlib, which draws them, was not installed where this page was made."


def report_page(runs: Sequence[RunResults], *, drawn: bool = True) -> str:
    """Make one HTML document about runs. It contains everything that it shows.

    It also names what is missing: what runs do not have yet, or cannot have.

    Args:
        runs: one or more. Experiments are in the order of their first runs.
        drawn: whether to draw figures. This needs matplotlib.
    """
    naming = Naming(runs)
    runs = naming.runs
    evaluations = [evaluation for run in runs if (evaluation := evaluated(run))]
    comparisons = _compared(evaluations)
    limit = SizeLimit()
    explanations = explanations_section(runs, naming, limit)  # before the videos, as a long one could use up the limit
    sections = [
        comparison_section(comparisons, naming),
        scores_section(evaluations, naming),
        _figures(runs) if drawn else Section("Figures", missing=[_NOT_DRAWN]),
        videos_section(runs, naming, limit),
        explanations,
        configuration_section(naming),
        provenance_section(runs, naming),
    ]
    header = element(
        "header",
        element("p", f"mlrun report, {counted(len(runs), 'run')}", class_="kind"),
        element("h1", title(runs)),
        element("p", result(runs, comparisons, naming), class_="result"),
        status_box(runs),
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
