"""Checks that span several keys of an experiment.

They look at an experiment that is not validated yet, so that their mistakes are reported together with all others.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic_core import InitErrorDetails

from mlrun.config.registries import registered_model, registry_of
from mlrun.config.section import ConflictError, field_model, peek, refusal

_BENCHMARK_NAME = ("benchmark", "name")


def impossible_combinations(data: Any, default_batch: int) -> list[InitErrorDetails]:
    """Return a mistake for each combination of values that is impossible.

    Args:
        data: The experiment as written, or its models.
        default_batch: Tasks per meta-batch if none are written.
    """
    return [
        *_too_many_tasks(data, default_batch),
        *_no_policy(data),
        *_step_decays_too_soon(data),
        *_nothing_to_imagine(data),
        *_trial_without_others(data, default_batch),
    ]


def _too_many_tasks(data: Any, default_batch: int) -> Iterator[InitErrorDetails]:
    """Refuse a meta-batch that is larger than the number of training tasks."""
    benchmark = peek(data, "benchmark")
    model = registered_model("benchmark", benchmark)
    if model is None or "num_tasks" not in model.model_fields:
        return
    available = peek(benchmark, "num_tasks", model.model_fields["num_tasks"].default)
    if peek(benchmark, "recombine") is True and type(available) is int:
        available *= available
    asked = peek(peek(data, "training"), "tasks_per_batch", default_batch)
    if type(available) is not int or type(asked) is not int or asked <= available:
        return
    message = f"must be at most {available}, the number of training tasks, not {asked}"
    limit = "num_tasks" if isinstance(benchmark, dict) and "num_tasks" in benchmark else "name"
    yield refusal(("training", "tasks_per_batch"), ConflictError(message, other=("benchmark", limit)), asked)


def _no_policy(data: Any) -> Iterator[InitErrorDetails]:
    """Refuse an algorithm, or a part of one, that needs action probabilities on a benchmark without actions."""
    algorithm = peek(data, "algorithm")
    benchmark = registered_model("benchmark", peek(data, "benchmark"))
    model = registered_model("algorithm", algorithm)
    if benchmark is None or model is None or benchmark.learning != "supervised":
        return
    name, benchmark_name = peek(algorithm, "name"), peek(peek(data, "benchmark"), "name")
    reason = f"needs a policy, and {benchmark_name} has none"
    if model.needs_policy:
        others = ", ".join(entry.name for entry in registry_of("algorithm").entries() if not entry.config.needs_policy)
        conflict = ConflictError(f"{name} {reason}; choose one of: {others}", _BENCHMARK_NAME)
        yield refusal(("algorithm", "name"), conflict, name)
        return
    for key, field in model.model_fields.items():
        value = peek(algorithm, key, {})
        part = field_model(field, value) if isinstance(value, dict | BaseModel) else None
        if part is not None and getattr(part, "needs_policy", False):
            rule = part.model_fields["name"].default
            message = f"{rule} {reason}; write 'name: adam' in this section"
            yield refusal(("algorithm", key), ConflictError(message, _BENCHMARK_NAME), rule)


def _step_decays_too_soon(data: Any) -> Iterator[InitErrorDetails]:
    """Refuse a step that shrinks to 0 before training ends."""
    total = peek(peek(data, "training"), "iterations")
    for part in ("outer", "belief"):
        decay = peek(peek(peek(data, "algorithm"), part), "decay_iterations")
        if type(decay) is int and type(total) is int and 0 < decay < total:
            message = f"must be at least {total}, the number of iterations, or null for no decay, not {decay}"
            path = ("algorithm", part, "decay_iterations")
            yield refusal(path, ConflictError(message, ("training", "iterations")), decay)


def _nothing_to_imagine(data: Any) -> Iterator[InitErrorDetails]:
    """Refuse imagined goals where beliefs are not trained by rewards."""
    belief = peek(peek(data, "algorithm"), "belief")
    imagined = peek(belief, "imagined", 0)
    if imagined and type(imagined) in (int, float) and peek(belief, "predicts") == "task":
        message = "must be 0 with 'predicts: task', since goals are imagined only where rewards are predicted"
        error = ConflictError(message, ("algorithm", "belief", "predicts"))
        yield refusal(("algorithm", "belief", "imagined"), error, imagined)


def _trial_without_others(data: Any, default_batch: int) -> Iterator[InitErrorDetails]:
    """Refuse to tell trials apart by their rewards where there is only one at a time."""
    algorithm = peek(data, "algorithm")
    model = registered_model("algorithm", algorithm)
    if model is None or "belief" not in model.model_fields or peek(peek(algorithm, "belief"), "predicts") == "task":
        return
    tasks = peek(peek(data, "training"), "tasks_per_batch", default_batch)
    if tasks == 1 and peek(peek(data, "rollouts"), "episodes_per_task") == 1:
        message = "must be at least 2 where rollouts.episodes_per_task is 1, since beliefs learn what trials differ in"
        error = ConflictError(message, ("rollouts", "episodes_per_task"))
        yield refusal(("training", "tasks_per_batch"), error, tasks)
