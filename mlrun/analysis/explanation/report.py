"""An explanation as plain data for tables and JSON, and the captions that say how to read each measure."""

from __future__ import annotations

from typing import Any, Final

import torch

from mlrun.analysis.explanation.explain import ALL_LAYERS, ByLayer, Explanation
from mlrun.analysis.explanation.memory import WITHOUT_REWARDS, MemoryExplanation
from mlrun.analysis.explanation.movement import between_tasks, mean_with_others
from mlrun.runs.directory import RunDirectory
from mlrun.training.evaluation import Adaptation

MOVEMENT_CAPTION: Final = (
    "The distance |θ' - θ| that adaptation moves a layer's parameters, relative to their length |θ|: a layer at 0 does"
    " not adapt."
)
REPRESENTATION_CAPTION: Final = (
    "CKA is how alike a layer's outputs are before and after adaptation, on the same inputs: hidden layers near 1,"
    " below a lower head, are features that adaptation reuses; it is blind to a shift of all outputs alike, which is"
    " given in units of how far apart they lie."
)
RATES_CAPTION: Final = (
    "The learned step size of every parameter: the larger it is the more the parameter adapts, and a negative one goes"
    " up the loss instead of down."
)
AGREEMENT_CAPTION: Final = (
    "The cosine of the directions θ' - θ in which two tasks move: 1 is the same way, 0 unrelated, -1 the opposite;"
    " noise alone keeps a task that adapts to other data from a cosine of 1 with itself."
)
MEMORY_CAPTION: Final = (
    "The mean distance between a task's goal and the goal that a linear map reads from the memory. The map is fitted to"
    " memories of training tasks; a training task is decoded without its own goal. Where the distance is that of the"
    " mean goal, no such map finds the goal; what is found without rewards comes from what else the policy sees."
)

_INPUTS: Final = {
    "episodes": "observations in fresh episodes that the adapted policy samples",
    "shots": "the inputs that models are scored on",
}
"""The inputs on which representations are compared, by the unit of the data that tasks are learned from."""

_QUANTILES: Final = {"min": 0.0, "q25": 0.25, "median": 0.5, "q75": 0.75, "max": 1.0}


def explanation_report(run: RunDirectory, explanation: Explanation) -> dict[str, Any]:
    """Every measure by layer, with its caption, and the values of each task. What is undefined is NaN."""
    return {
        **_about(run, explanation.adaptation),
        "movement": _movement(explanation),
        "representation": _representation(explanation, run.experiment().data_unit),
        "rates": _rates(explanation),
        "agreement": _agreement(explanation),
        "per_task": _per_task(explanation),
    }


def memory_report(run: RunDirectory, explanation: MemoryExplanation) -> dict[str, Any]:
    """The errors of the decoded goal at every moment, with their caption, and those of each task at the end."""
    series = {name: explanation.intervals(name) for name in explanation.errors}
    of_split = next(iter(explanation.errors))  # the held-out tasks, or the training tasks if they are the split
    last, last_when_blind = explanation.errors[of_split][-1], explanation.errors[WITHOUT_REWARDS][-1]
    return {
        **_about(run, explanation.adaptation),
        "memory": {
            "reading": MEMORY_CAPTION,
            "features": explanation.features,
            "fitted_to": explanation.fitted_to,
            "horizon": explanation.horizon,
            "trial": {"episodes": explanation.episodes, "trials": explanation.trials},
            "by_step": [
                {"step": step, **{name: values[number] for name, values in series.items()}}
                for number, step in enumerate(explanation.moments)
            ],
            "mean_goal": {name: float(of_tasks.mean()) for name, of_tasks in explanation.constant.items()},
        },
        "per_task": [
            {**task.to_dict(), "error": float(last[slot]), "error_without_rewards": float(last_when_blind[slot])}
            for slot, task in enumerate(explanation.adaptation.tasks)
        ],
    }


def _about(run: RunDirectory, adaptation: Adaptation) -> dict[str, Any]:
    """Which run adapted, and to what."""
    experiment = run.experiment()
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
    }


def spread(values: torch.Tensor) -> dict[str, float]:
    """Mean, standard deviation, extremes and quartiles. NaN values are left out; without others all results are NaN."""
    numbers = values.double().flatten()
    numbers = numbers[~numbers.isnan()]
    if not len(numbers):
        return dict.fromkeys(("mean", "std", *_QUANTILES), float("nan"))
    quantiles = torch.quantile(numbers, numbers.new_tensor(list(_QUANTILES.values())))
    return {
        "mean": float(numbers.mean()),
        "std": float(numbers.std(correction=0)),
        **dict(zip(_QUANTILES, quantiles.tolist(), strict=True)),
    }


def share_negative(values: torch.Tensor) -> float:
    """The share of values below 0. NaN values are left out; without others the result is NaN."""
    numbers = values[~values.isnan()]
    return float((numbers < 0).double().mean())


def _movement(explanation: Explanation) -> dict[str, Any]:
    layers = {
        layer: {
            "parameters": size,
            "relative": spread(explanation.relative_distance[layer]),
            "distance": spread(explanation.distance[layer]),
        }
        for layer, size in explanation.sizes.items()
    }
    return {"reading": MOVEMENT_CAPTION, "layers": layers}


def _representation(explanation: Explanation, data_unit: str) -> dict[str, Any]:
    return {
        "reading": REPRESENTATION_CAPTION,
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
            "at_the_start": spread(explanation.initial_rates[parameter]),
        }
        for parameter, rates in explanation.rates.items()
    }
    return {"reading": RATES_CAPTION, "parameters": parameters}


def _agreement(explanation: Explanation) -> dict[str, Any]:
    pairs = {layer: between_tasks(matrix) for layer, matrix in explanation.cosines.items()}
    layers = {
        layer: {
            "between_tasks": {**spread(cosines), "negative": share_negative(cosines)},
            "same_task": spread(explanation.same_task[layer]),
        }
        for layer, cosines in pairs.items()
    }
    return {"reading": AGREEMENT_CAPTION, "layers": layers}


def _per_task(explanation: Explanation) -> list[dict[str, Any]]:
    with_others = mean_with_others(explanation.cosines[ALL_LAYERS])
    return [
        {
            **task.to_dict(),
            "relative_distance": _of_task(explanation.relative_distance, slot),
            "similarity": _of_task(explanation.similarity, slot),
            "shift": _of_task(explanation.shift, slot),
            "cosine_with_others": float(with_others[slot]),
            "cosine_with_itself": float(explanation.same_task[ALL_LAYERS][slot]),
        }
        for slot, task in enumerate(explanation.adaptation.tasks)
    ]


def _of_task(values: ByLayer, slot: int) -> dict[str, float]:
    return {layer: float(of_layer[slot]) for layer, of_layer in values.items()}
