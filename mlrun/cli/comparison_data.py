"""A comparison as plain data, for JSON and CSV."""

import csv
import io
from dataclasses import asdict
from typing import Any

from mlrun.analysis.comparison.compare import Budget, Comparison, Group, budget
from mlrun.analysis.comparison.grouping import as_text
from mlrun.analysis.comparison.protocol import EvaluatedRun
from mlrun.analysis.comparison.statistics import Estimate
from mlrun.scores import SCORES


def comparison_as_data(comparison: Comparison) -> dict[str, Any]:
    """All of a comparison as JSON-able data."""
    return {
        **comparison.protocol,
        "score": comparison.score,
        "less_is_better": SCORES[comparison.score].less_is_better,
        "resampled": comparison.resampled,
        "groups": [_group(group, comparison) for group in comparison.groups],
        "floors": comparison.floors,
    }


def comparison_as_csv(comparison: Comparison) -> str:
    """A line per experiment, and one of headings; the settings in which they differ are columns."""
    rows = [_row(group, comparison) for group in comparison.groups]
    text = io.StringIO()
    writer = csv.DictWriter(text, dict.fromkeys(key for row in rows for key in row), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _group(group: Group, comparison: Comparison) -> dict[str, Any]:
    return {
        "label": group.label,
        "differences": group.differences,
        "before": asdict(group.before),
        "after": asdict(group.after),
        "probability_of_improvement": group.improvement and asdict(group.improvement),
        "per_run": _budget(group.budget),
        "runs": [_run(run, comparison) for run in group.runs],
    }


def _run(run: EvaluatedRun, comparison: Comparison) -> dict[str, Any]:
    results, score = run.results, comparison.score
    before, after = (float(run.scores(score, step).mean()) for step in (0, run.steps))
    about = {"id": results.id, "path": str(results.path), "seed": run.experiment.seed, "status": results.status}
    done = {"iterations": results.iterations_done, "checkpoint": run.report["checkpoint"]}
    return {**about, **done, "before": before, "after": after, **_budget(budget(results))}


def _budget(one: Budget) -> dict[str, float]:
    return {**({one.unit: one.samples} if one.unit else {}), "seconds": one.seconds}


def _row(group: Group, comparison: Comparison) -> dict[str, Any]:
    return {
        "label": group.label,
        **{key: as_text(value) for key, value in group.differences.items()},
        "seeds": " ".join(str(run.experiment.seed) for run in group.runs),
        "score": comparison.score,
        **_columns("before_iqm", group.before.interquartile_mean),
        **_columns("before_mean", group.before.mean),
        **_columns("after_iqm", group.after.interquartile_mean),
        **_columns("after_mean", group.after.mean),
        **_columns("probability_of_improvement", group.improvement),
        **_budget(group.budget),
    }


def _columns(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    numbers = {"value": None, "low": None, "high": None} if estimate is None else asdict(estimate)
    return {name if key == "value" else f"{name}_{key}": number for key, number in numbers.items()}
