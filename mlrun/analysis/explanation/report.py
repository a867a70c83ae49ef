"""An explanation as plain data, which tables show and JSON carries."""

from __future__ import annotations

from typing import Any, Final

from mlrun.analysis.explanation import readings
from mlrun.analysis.explanation.agreement import between_tasks, with_others
from mlrun.analysis.explanation.explain import ALL_LAYERS, ByLayer, Explanation
from mlrun.analysis.explanation.spread import share_negative, spread
from mlrun.runs.directory import RunDirectory

_INPUTS: Final = {
    "episodes": "observations in fresh episodes that the adapted policy samples",
    "shots": "the inputs that models are scored on",
}
"""What representations are compared on, by what tasks are learned from."""


def explanation_report(run: RunDirectory, explanation: Explanation) -> dict[str, Any]:
    """Every measure by layer, how to read it, and the values of each task; what is undefined is NaN."""
    experiment, adaptation = run.experiment(), explanation.adaptation
    return {
        "run": run.id,
        "benchmark": adaptation.benchmark.name,
        "algorithm": experiment.algorithm.name,
        "split": adaptation.tasks[0].split,
        "checkpoint": adaptation.checkpoint,
        "seed": experiment.seed,
        "tasks": len(adaptation.tasks),
        experiment.data_unit: experiment.evaluation_data,
        "steps": len(adaptation.by_step) - 1,
        "movement": _movement(explanation),
        "representation": _representation(explanation, experiment.data_unit),
        "rates": _rates(explanation),
        "agreement": _agreement(explanation),
        "per_task": _per_task(explanation),
    }


def _movement(explanation: Explanation) -> dict[str, Any]:
    layers = {
        layer: {
            "parameters": size,
            "relative": spread(explanation.relative_distance[layer]),
            "distance": spread(explanation.distance[layer]),
        }
        for layer, size in explanation.sizes.items()
    }
    return {"reading": readings.MOVEMENT, "layers": layers}


def _representation(explanation: Explanation, data_unit: str) -> dict[str, Any]:
    return {
        "reading": readings.REPRESENTATION,
        "inputs": _INPUTS[data_unit],
        "samples": explanation.samples,
        "layers": {
            layer: {
                "similarity": spread(similarity),
                "change": spread(explanation.change[layer]),
                "shift": spread(explanation.shift[layer]),
            }
            for layer, similarity in explanation.similarity.items()
        },
    }


def _rates(explanation: Explanation) -> dict[str, Any] | None:
    if not explanation.rates:
        return None
    parameters = {
        parameter: {
            **spread(rates),
            "negative": share_negative(rates),
            "at_the_start": spread(explanation.first_rates[parameter]),
        }
        for parameter, rates in explanation.rates.items()
    }
    return {"reading": readings.RATES, "parameters": parameters}


def _agreement(explanation: Explanation) -> dict[str, Any]:
    pairs = {layer: between_tasks(matrix) for layer, matrix in explanation.cosines.items()}
    layers = {
        layer: {
            "between_tasks": {**spread(cosines), "negative": share_negative(cosines)},
            "same_task": spread(explanation.same_task[layer]),
        }
        for layer, cosines in pairs.items()
    }
    return {"reading": readings.AGREEMENT, "layers": layers}


def _per_task(explanation: Explanation) -> list[dict[str, Any]]:
    with_other_tasks = with_others(explanation.cosines[ALL_LAYERS])
    return [
        {
            **task.to_dict(),
            "relative_distance": _of_task(explanation.relative_distance, slot),
            "similarity": _of_task(explanation.similarity, slot),
            "shift": _of_task(explanation.shift, slot),
            "cosine_with_others": float(with_other_tasks[slot]),
            "cosine_with_itself": float(explanation.same_task[ALL_LAYERS][slot]),
        }
        for slot, task in enumerate(explanation.adaptation.tasks)
    ]


def _of_task(values: ByLayer, slot: int) -> dict[str, float]:
    return {layer: float(of_layer[slot]) for layer, of_layer in values.items()}
