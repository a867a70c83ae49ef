"""The experiment as a tree of frozen, validated models: the one place that knows every key and its default."""

import math
import re
from typing import Annotated, Any, Literal, Union, get_args

from pydantic import (
    BaseModel,
    Field,
    ModelWrapValidatorHandler,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ErrorType

from mlrun.registry import Registry, closest_match

_NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


class Section(BaseModel, frozen=True, extra="forbid", strict=True, allow_inf_nan=False):
    """A part of a configuration: immutable, without unknown keys, and without conversions between types."""


class ConflictError(ValueError):
    """A value that does not go together with another one.

    Args:
        message: What is wrong, the value, and what to write instead.
        other: The path of the other key in the whole experiment, to be pointed at if it was written later.
    """

    def __init__(self, message: str, other: tuple[str, ...]) -> None:
        super().__init__(message)
        self.other = other


def _require_name(schema: dict[str, Any]) -> None:
    schema["required"] = ["name", *(key for key in schema.get("required", ()) if key != "name")]


class _NamedSection(Section, frozen=True, json_schema_extra=_require_name):
    """A section whose `name` says which model it follows; in a file it must be written."""


class BenchmarkConfig(_NamedSection, frozen=True):
    """What every benchmark's section has.

    A benchmark with a limited number of training tasks has a field `num_tasks` as well, with a default.
    """

    name: str = Field(description="Registered benchmark; `mlrun list-envs` lists them")


class AlgorithmConfig(_NamedSection, frozen=True):
    """What every algorithm's section has."""

    name: str = Field(description="Registered algorithm; `mlrun list-algos` lists them")


class ML1Config(BenchmarkConfig, frozen=True):
    """Meta-World's ML1: one manipulation problem, with other places for puck and goal in each of its tasks."""

    name: Literal["ml1/reach-v3", "ml1/push-v3", "ml1/pick-place-v3"] = Field(
        default="ml1/reach-v3", description="Registered benchmark"
    )
    seed: int = Field(default=0, ge=0, le=2**32 - 2, description="Seed of the lists of training and test tasks")
    num_tasks: int = Field(
        default=50, ge=1, le=10_000, description="Training tasks, and as many test tasks; Meta-World has 50"
    )
    horizon: int = Field(default=500, ge=1, le=500, description="Length of an episode, in control steps of 0.0125 s")
    goal: Literal["hidden", "visible"] = Field(
        default="hidden", description="Whether the observation ends with zeros, as in ML1, or with the goal, as in MT1"
    )
    reward: Literal["v2", "v1"] = Field(default="v2", description="Version of Meta-World's reward function")


class InnerLoopConfig(Section, frozen=True):
    """Adaptation to one task by gradient steps."""

    estimator: Literal["likelihood-ratio"] = Field(
        default="likelihood-ratio", description="Estimator of the policy gradient that adaptation follows"
    )
    learning_rate: float = Field(default=0.1, gt=0, description="Step size of an adaptation step")
    steps: int = Field(default=1, ge=1, le=10, description="Adaptation steps, each on fresh episodes")


class TrustRegionConfig(Section, frozen=True):
    """TRPO's outer step (Schulman et al., 2015): conjugate gradient, then a backtracking line search."""

    max_kl: float = Field(
        default=0.01, gt=0, description="Largest mean KL divergence between post-adaptation policies, in nats"
    )
    cg_iterations: int = Field(default=10, ge=1, description="Conjugate-gradient iterations")
    cg_damping: float = Field(default=1e-5, ge=0, description="Added to the diagonal of the curvature matrix")
    backtrack_ratio: float = Field(default=0.8, gt=0, lt=1, description="Factor on the step per backtrack")
    max_backtracks: int = Field(default=15, ge=1, description="Steps tried before the update is given up")
    curvature_stride: int = Field(
        default=1, ge=1, description="Curvature products are estimated from every n-th step of the episodes"
    )


class MAMLConfig(AlgorithmConfig, frozen=True):
    """MAML (Finn et al., 2017) with a trust-region outer step."""

    name: Literal["maml"] = Field(default="maml", description="Registered algorithm")
    first_order: bool = Field(default=False, description="Drop the second derivatives of the adaptation step")
    inner: InnerLoopConfig = Field(default=InnerLoopConfig(), description="Adaptation to one task")
    outer: TrustRegionConfig = Field(default=TrustRegionConfig(), description="Update of the meta-parameters")


class PolicyConfig(Section, frozen=True):
    """A Gaussian policy: a tanh network for the mean, and a standard deviation that no observation changes."""

    # The tuple is hashable, as a frozen model's fields should be; YAML can only write a list, hence not strict.
    hidden_sizes: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(64, 64), strict=False, min_length=1, max_length=8, description="Units of each hidden layer"
    )
    input_scale: float = Field(
        default=1.0, gt=0, description="Factor on the first layer's initial weights; observations are in metres"
    )
    initial_std: float = Field(default=1.0, gt=0, description="Standard deviation of the actions at the start")
    min_std: float = Field(
        default=1e-6, gt=0, validate_default=True, description="Floor of the standard deviation, below initial_std"
    )

    @field_validator("min_std")
    @classmethod
    def _below_initial_std(cls, min_std: float, info: ValidationInfo) -> float:
        initial_std = info.data.get("initial_std", math.inf)
        if min_std >= initial_std:
            message = f"must be below initial_std, which is {initial_std}, not {min_std}"
            raise ConflictError(message, other=("policy", "initial_std"))
        return min_std


class RolloutsConfig(Section, frozen=True):
    """How episodes are collected and their rewards are credited."""

    episodes_per_task: int = Field(
        default=10, ge=1, description="Episodes per task, before adaptation and after each adaptation step"
    )
    discount: float = Field(default=0.99, gt=0, le=1, description="Discount of rewards, per control step")
    gae_lambda: float = Field(default=0.97, ge=0, le=1, description="Lambda of generalised advantage estimation")


class TrainingConfig(Section, frozen=True):
    """The meta-training loop."""

    iterations: int = Field(ge=1, description="Meta-iterations in total, also for a resumed run")
    tasks_per_batch: int = Field(default=20, ge=1, description="Training tasks drawn for each meta-iteration")
    evaluate_every: int = Field(default=20, ge=1, description="Meta-iterations between evaluations")
    checkpoint_every: int = Field(default=10, ge=1, description="Meta-iterations between checkpoints")
    keep_checkpoints: int = Field(default=3, ge=1, description="Periodic checkpoints kept; the best stays as well")


class EvaluationConfig(Section, frozen=True):
    """How a policy is judged: on the training tasks during training, on held-out tasks by `mlrun eval`."""

    episodes: int = Field(default=10, ge=1, description="Episodes per task that each adaptation step learns from")
    steps: int | None = Field(
        default=None, ge=0, le=20, description="Adaptation steps; null is as many as the algorithm learns for"
    )


class Experiment(Section, frozen=True):
    """Everything that determines a run."""

    name: str | None = Field(
        default=None, json_schema_extra={"pattern": f"^{_NAME_PATTERN}$"}, description="Part of the run's identifier"
    )
    seed: int = Field(default=0, ge=0, le=2**32 - 1, description="Seed of everything random but the task lists")
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="Where networks are computed; auto is the CPU"
    )
    threads: int = Field(
        default=0, ge=0, le=1024, description="Threads that step the physics; 0 is one per core, the most"
    )
    benchmark: SerializeAsAny[BenchmarkConfig] = Field(description="The tasks")
    algorithm: SerializeAsAny[AlgorithmConfig] = Field(description="The meta-learning algorithm")
    policy: PolicyConfig = Field(default=PolicyConfig(), description="The policy")
    rollouts: RolloutsConfig = Field(default=RolloutsConfig(), description="Collection of episodes")
    training: TrainingConfig = Field(description="The meta-training loop")
    evaluation: EvaluationConfig = Field(default=EvaluationConfig(), description="How a policy is judged")

    @field_validator("name")
    @classmethod
    def _fits_a_run_identifier(cls, name: str | None) -> str | None:
        if name is not None and not re.fullmatch(_NAME_PATTERN, name):
            raise ValueError(
                f"must be 1 to 64 letters, digits, '.', '_' or '-', the first a letter or digit, not {name[:80]!r}"
            )
        return name

    @field_validator("benchmark", "algorithm", mode="wrap")
    @classmethod
    def _by_registered_name(cls, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        if not isinstance(value, dict):
            return handler(value)
        assert info.field_name is not None
        registry = registry_of(info.field_name)
        try:
            model = registry.entry(_written_name(value, registry)).config
        except LookupError as error:
            refusal = _refusal(("name",), ValueError(str(error)), value.get("name"))
            raise ValidationError.from_exception_data("name", [refusal]) from None
        return model.model_validate(value)

    @model_validator(mode="wrap")
    @classmethod
    def _combinations_too(cls, data: Any, handler: ModelWrapValidatorHandler["Experiment"]) -> "Experiment":
        """Report what does not go together along with the mistakes of single fields, instead of after them."""
        impossible = _too_many_tasks(data)
        try:
            experiment = handler(data)
        except ValidationError as error:
            details = [_as_details(found) for found in error.errors()]
            raise ValidationError.from_exception_data(cls.__name__, details + impossible) from None
        if impossible:
            raise ValidationError.from_exception_data(cls.__name__, impossible)
        return experiment


def registry_of(section: str) -> Registry[Any]:
    """Return the registry that the section ``"benchmark"`` or ``"algorithm"`` chooses from."""
    # Imported here because what registers itself there takes its models from this module.
    from mlrun.algorithms import algorithms
    from mlrun.benchmarks import benchmarks

    return {"benchmark": benchmarks, "algorithm": algorithms}[section]


def chosen_model(section: str, value: Any) -> type[BaseModel] | None:
    """Return the model behind a ``benchmark`` or ``algorithm`` section, or None if it names none."""
    if isinstance(value, BaseModel):
        return type(value)
    name = value.get("name") if isinstance(value, dict) else None
    registry = registry_of(section)
    return registry.entry(name).config if name in registry.names() else None


def experiment_schema() -> dict[str, Any]:
    """Return the JSON schema of an experiment, with every registered benchmark and algorithm."""
    alternatives: dict[str, Any] = {}
    for section in ("benchmark", "algorithm"):
        registry = registry_of(section)
        models = tuple(registry.entry(name).config for name in registry.names())
        alternatives[section] = (Union[models], Experiment.model_fields[section])  # noqa: UP007 (a computed union)
    documented = create_model("Experiment", __base__=Experiment, __doc__=Experiment.__doc__, **alternatives)
    return documented.model_json_schema()


def _too_many_tasks(data: Any) -> list[InitErrorDetails]:
    benchmark = _peek(data, "benchmark")
    model = chosen_model("benchmark", benchmark)
    if model is None or "num_tasks" not in model.model_fields:
        return []
    available = _peek(benchmark, "num_tasks", model.model_fields["num_tasks"].default)
    default = TrainingConfig.model_fields["tasks_per_batch"].default
    asked = _peek(_peek(data, "training"), "tasks_per_batch", default)
    if type(available) is not int or type(asked) is not int or asked <= available:
        return []
    message = f"must be at most {available}, the number of training tasks, not {asked}"
    limit = "num_tasks" if isinstance(benchmark, dict) and "num_tasks" in benchmark else "name"
    return [_refusal(("training", "tasks_per_batch"), ConflictError(message, other=("benchmark", limit)), asked)]


def _peek(section: Any, key: str, default: Any = None) -> Any:
    return section.get(key, default) if isinstance(section, dict) else getattr(section, key, default)


def _written_name(section: dict[Any, Any], registry: Registry[Any]) -> str:
    """Return the name that a section gives; raise LookupError if it gives none."""
    name, choices = section.get("name"), ", ".join(registry.names())
    if isinstance(name, str):
        return name
    if name is not None:
        raise LookupError(f"must be one of: {choices}, not {name}")
    misspelt = closest_match("name", (key for key in section if isinstance(key, str)))
    instead = f" instead of {misspelt!r}" if misspelt else ""
    raise LookupError(f"missing; write 'name'{instead}, one of: {choices}")


def _refusal(path: tuple[str, ...], error: ValueError, value: Any) -> InitErrorDetails:
    return {"type": "value_error", "loc": path, "input": value, "ctx": {"error": error}}


def _as_details(error: ErrorDetails) -> InitErrorDetails:
    """Return an error that pydantic has reported in the form in which it accepts one."""
    details: InitErrorDetails = {"type": error["type"], "loc": error["loc"], "input": error["input"]}
    if error["type"] not in get_args(ErrorType):  # raised by a model's own validator
        details["type"] = PydanticCustomError("custom_error", "{message}", {"message": error["msg"]})
    elif "ctx" in error:
        details["ctx"] = error["ctx"]
    return details
