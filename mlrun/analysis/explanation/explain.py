"""Adapts a checkpoint to all tasks of a split and measures what that changes in each layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch

from mlrun.algorithms.gradient_based import GradientBased
from mlrun.algorithms.protocol import MetaAlgorithm
from mlrun.analysis.explanation.movement import (
    cosine_matrix,
    distance,
    layer_vectors,
    paired_cosines,
    relative_distance,
    split_layers,
)
from mlrun.analysis.explanation.representation import representation_change
from mlrun.config.schema import Experiment
from mlrun.errors import MlrunError
from mlrun.finite import require_finite_tasks
from mlrun.parameters import Parameters
from mlrun.problems.protocol import DifferentiableProblem, IntrospectableProblem
from mlrun.runs.directory import RunDirectory
from mlrun.training.build import fresh_algorithm
from mlrun.training.device import arithmetic
from mlrun.training.evaluation import Adaptation, adapt_run
from mlrun.training.non_finite import non_finite_ends

ALL_LAYERS = "all"

ByLayer = Mapping[str, torch.Tensor]
"""The values of each layer."""


@dataclass(frozen=True)
class Explanation:
    """What adaptation changes in each layer, for each task. Tensors are float64 on the CPU. NaN is undefined.

    Attributes:
        adaptation: the adaptation that is measured.
        sizes: the number of parameters of each layer.
        distance: ``|θ' - θ|``, ``(tasks,)``.
        relative_distance: ``|θ' - θ| / |θ|``, ``(tasks,)``.
        samples: the number of inputs per task on which representations are compared.
        similarity: linear CKA of the outputs of a layer before and after adaptation, ``(tasks,)``.
        change: how far the outputs move, relative to their spread over inputs, ``(tasks,)``.
        shift: the part of the change that is the same for all inputs, ``(tasks,)``.
        rates: learned rates of weights and of biases, ``(numbers,)``. Empty if the algorithm does not learn rates.
        initial_rates: the rates at the start of training, in the same form.
        cosines: cosines of the directions θ' - θ of two tasks, ``(tasks, tasks)``, for each layer and for "all".
        same_task: cosine of the direction of a task with its direction on other data, ``(tasks,)``, for the same.
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
    initial_rates: ByLayer
    cosines: ByLayer
    same_task: ByLayer


def explain_run(
    run: RunDirectory, *, split: str = "test", checkpoint: str | int | None = None, steps: int | None = None
) -> Explanation:
    """Adapts a checkpoint as `evaluate_run` does, on the same data, and measures what changes in each layer.

    Args:
        run: the run to explain.
        split: "test" or "train".
        checkpoint: "best", "last" or an iteration. None for the best checkpoint, or the last if there is no best one.
        steps: adaptation steps. None for those of the experiment.

    Raises:
        Diverged: a parameter is not finite after adaptation.
        MlrunError: there is no adaptation step, or the layers of the model cannot be inspected.
    """
    return explain_layers(adapt_run(run, split=split, checkpoint=checkpoint, steps=steps), run.experiment())


def explain_layers(adaptation: Adaptation, experiment: Experiment) -> Explanation:
    """Measures what an adaptation has changed in each layer. It raises the errors of `explain_run`.

    Args:
        adaptation: of a run.
        experiment: of the same run.
    """
    if len(adaptation.by_step) < 2:
        raise MlrunError("there is nothing to explain without an adaptation step: evaluation.steps is 0; give --steps")
    problem = adaptation.problem
    if not isinstance(problem, IntrospectableProblem):
        raise MlrunError(f"{adaptation.benchmark.name}: the layers of this run's model cannot be inspected")
    before, after = adaptation.by_step[0].parameters, adaptation.by_step[-1].parameters
    again, inputs = _adapt_on_other_data(adaptation, problem, experiment)
    start, end, other_end = (layer_vectors(parameters, problem.layers) for parameters in (before, after, again))
    directions, other_directions = _directions(start, end), _directions(start, other_end)
    return Explanation(
        adaptation=adaptation,
        sizes={layer: numbers.shape[1] for layer, numbers in start.items()},
        distance={layer: distance(start[layer], end[layer]) for layer in start},
        relative_distance={layer: relative_distance(start[layer], end[layer]) for layer in start},
        samples=inputs.shape[1],
        **representation_change(problem, before, after, inputs),
        rates=_learned_rates(adaptation.algorithm, problem),
        initial_rates=_learned_rates(fresh_algorithm(experiment, problem), problem),
        cosines={layer: cosine_matrix(of_tasks) for layer, of_tasks in directions.items()},
        same_task={layer: paired_cosines(directions[layer], other_directions[layer]) for layer in directions},
    )


def _adapt_on_other_data(
    adaptation: Adaptation, problem: IntrospectableProblem, experiment: Experiment
) -> tuple[Parameters, torch.Tensor]:
    """The parameters after adaptation to the same tasks on other data, and inputs of the adapted models."""
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


def _learned_rates(algorithm: MetaAlgorithm[Any], problem: IntrospectableProblem) -> dict[str, torch.Tensor]:
    """The rates among the meta-parameters, ``(numbers,)``, for the weights and the biases of each layer.

    A rate that is a plain number is a setting. It is not learned and left out.
    """
    if not isinstance(algorithm, GradientBased):
        return {}
    rates = algorithm.rates(cast(DifferentiableProblem, problem), algorithm.parameters)
    as_one_task = {name: rate.unsqueeze(0) for name, rate in rates.items() if isinstance(rate, torch.Tensor)}
    by_parameter = layer_vectors(as_one_task, split_layers(problem.layers))
    return {parameter: numbers[0] for parameter, numbers in by_parameter.items()}
