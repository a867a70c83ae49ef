"""What a run's adaptation does: the measures of this package, on a checkpoint adapted to all tasks of a split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from mlrun.algorithms.protocol import MetaAlgorithm
from mlrun.analysis.explanation.agreement import cosine_matrix, paired_cosines
from mlrun.analysis.explanation.layers import layer_vectors, split_layers
from mlrun.analysis.explanation.movement import distance, relative_distance
from mlrun.analysis.explanation.rates import learned_rates
from mlrun.analysis.explanation.representation import representation_change
from mlrun.config.schema import Experiment
from mlrun.errors import MlrunError
from mlrun.finite import require_finite_tasks
from mlrun.parameters import Parameters
from mlrun.problems.protocol import IntrospectableProblem
from mlrun.runs.directory import RunDirectory
from mlrun.training.build import fresh_algorithm
from mlrun.training.device import arithmetic
from mlrun.training.evaluation import Adaptation, adapt_run
from mlrun.training.non_finite import non_finite_ends

ALL_LAYERS = "all"

ByLayer = Mapping[str, torch.Tensor]
"""Values of each layer."""


@dataclass(frozen=True)
class Explanation:
    """What adaptation does, layer by layer and task by task, in float64 on the CPU. What is undefined is NaN.

    Attributes:
        adaptation: what is explained.
        sizes: how many parameters each layer has.
        distance: ``|θ' - θ|``, ``(tasks,)``.
        relative_distance: ``|θ' - θ| / |θ|``, ``(tasks,)``.
        samples: on how many inputs per task representations were compared.
        similarity: linear CKA of what a layer computes before and after adaptation, ``(tasks,)``.
        change: how far that moves, relative to how far apart it holds its inputs, ``(tasks,)``.
        shift: the part of the change that is the same for all inputs, ``(tasks,)``.
        rates: learned rates, ``(numbers,)``, of weights and biases apart; empty where rates are not learned.
        first_rates: the same as training started with them.
        cosines: of the directions θ' - θ of tasks, ``(tasks, tasks)``, for each layer and for "all".
        same_task: cosine of a task's direction with that from adapting to it on other data, ``(tasks,)``, likewise.
    """

    adaptation: Adaptation
    sizes: Mapping[str, int]
    distance: ByLayer
    relative_distance: ByLayer
    samples: int
    similarity: ByLayer
    change: ByLayer
    shift: ByLayer
    rates: ByLayer
    first_rates: ByLayer
    cosines: ByLayer
    same_task: ByLayer


def explain_run(
    run: RunDirectory, *, split: str = "test", checkpoint: str | int | None = None, steps: int | None = None
) -> Explanation:
    """Adapt a run's checkpoint as `evaluate_run` does, on the same data, and measure what that changes.

    Args:
        run: the run to explain.
        split: "test" or "train".
        checkpoint: "best", "last", an iteration, or None for the best where there is one and else the last.
        steps: adaptation steps; None for the experiment's own.

    Raises:
        Diverged: adaptation leads to numbers that are not finite.
        MlrunError: there is no adaptation step to explain, or the model has no layers to look into.
    """
    adaptation = adapt_run(run, split=split, checkpoint=checkpoint, steps=steps)
    if len(adaptation.by_step) < 2:
        raise MlrunError("there is nothing to explain without an adaptation step: evaluation.steps is 0; give --steps")
    problem = adaptation.problem
    if not isinstance(problem, IntrospectableProblem):
        raise MlrunError(f"{adaptation.benchmark.name}: the model of this run has no layers to look into")
    before, after = adaptation.by_step[0].parameters, adaptation.by_step[-1].parameters
    again, inputs = _more_data(adaptation, problem, run.experiment())
    start, end, other_end = (layer_vectors(parameters, problem.layers) for parameters in (before, after, again))
    directions, other_directions = _directions(start, end), _directions(start, other_end)
    return Explanation(
        adaptation=adaptation,
        sizes={layer: numbers.shape[1] for layer, numbers in start.items()},
        distance={layer: distance(start[layer], end[layer]) for layer in start},
        relative_distance={layer: relative_distance(start[layer], end[layer]) for layer in start},
        samples=inputs.shape[1],
        **representation_change(problem, before, after, inputs),
        rates=_rates(adaptation.algorithm, problem),
        first_rates=_rates(fresh_algorithm(run.experiment(), problem), problem),
        cosines={layer: cosine_matrix(of_tasks) for layer, of_tasks in directions.items()},
        same_task={layer: paired_cosines(directions[layer], other_directions[layer]) for layer in directions},
    )


def _more_data(
    adaptation: Adaptation, problem: IntrospectableProblem, experiment: Experiment
) -> tuple[Parameters, torch.Tensor]:
    """The tasks' parameters after adapting on other data, and the inputs that their adapted models meet."""
    tasks, key, after = adaptation.tasks, adaptation.key, adaptation.by_step[-1]
    where = f"adaptation from checkpoint {adaptation.checkpoint}"
    with arithmetic(experiment), non_finite_ends(where, tasks):
        for name, tensor in after.parameters.items():
            require_finite_tasks(f"{name} after adaptation", tensor)
        inputs = problem.inputs(after, tasks, key.child("inputs"))
        again = adaptation.algorithm.adapt(problem, tasks, key.child("again"), len(adaptation.by_step) - 1)
    return again[-1].parameters, inputs


def _directions(start: ByLayer, end: ByLayer) -> dict[str, torch.Tensor]:
    by_layer = {layer: end[layer] - start[layer] for layer in start}
    return {ALL_LAYERS: torch.cat(list(by_layer.values()), dim=1), **by_layer}


def _rates(algorithm: MetaAlgorithm[Any], problem: IntrospectableProblem) -> dict[str, torch.Tensor]:
    as_one_task = {name: rate.unsqueeze(0) for name, rate in learned_rates(algorithm, problem).items()}
    by_parameter = layer_vectors(as_one_task, split_layers(problem.layers))
    return {parameter: rates[0] for parameter, rates in by_parameter.items()}
