"""The experiment as a tree of frozen, validated models. This file and its sections are where every key is defined."""

import functools
import math
import operator
import re
from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Final, Literal, get_args

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    SerializeAsAny,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ErrorType

from mlrun.config.algorithms import AlgorithmConfig, HiddenSizes
from mlrun.config.benchmarks import BenchmarkConfig
from mlrun.config.combinations import impossible_combinations
from mlrun.config.registries import registered_model, registry_of
from mlrun.config.section import ConflictError, Section, peek, read_by_name

_NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"

Activation = Literal["relu", "tanh", "silu"]


class PolicyConfig(Section, frozen=True):
    """A Gaussian policy: a tanh network gives the mean; the standard deviation does not depend on the observation."""

    hidden_sizes: HiddenSizes = Field(default=(64, 64), description="Units of each hidden layer")
    input_scale: float = Field(
        default=1.0, gt=0, description="Factor on the first layer's initial weights; observations are in metres"
    )
    initial_std: float = Field(default=1.0, gt=0, description="Standard deviation of the actions at the start")
    min_std: float = Field(
        default=1e-6,
        gt=0,
        validate_default=True,
        description="Lower bound of the standard deviation; must be below initial_std",
    )

    @field_validator("min_std")
    @classmethod
    def _below_initial_std(cls, min_std: float, info: ValidationInfo) -> float:
        initial_std = info.data.get("initial_std", math.inf)
        if min_std >= initial_std:
            message = f"must be below initial_std, which is {initial_std}, not {min_std}"
            raise ConflictError(message, other=("policy", "initial_std"))
        return min_std


class NetworkConfig(Section, frozen=True):
    """A fully connected network."""

    hidden_sizes: HiddenSizes = Field(default=(40, 40), description="Units of each hidden layer")
    activation: Activation = Field(default="relu", description="Activation of the hidden units")


class SharpeningConfig(Section, frozen=True):
    """A transformation of rewards that is steep near the largest one: a logarithm of what is missing to it."""

    maximum: float = Field(default=10.0, gt=0, description="The largest reward; 0 and this one stay as they are")
    offset: float = Field(default=0.2, gt=0, description="Added to what is missing; the less, the steeper at the top")


class RolloutsConfig(Section, frozen=True):
    """How episodes are collected, and how advantages are estimated from their rewards."""

    episodes_per_task: int = Field(default=10, ge=1, description="Episodes per task that are collected at a time")
    estimator: Literal["likelihood-ratio"] = Field(
        default="likelihood-ratio", description="Estimator of the policy gradient that adaptation follows"
    )
    discount: float = Field(default=0.99, gt=0, le=1, description="Discount of rewards, per control step")
    gae_lambda: float = Field(default=0.97, ge=0, le=1, description="Lambda of generalised advantage estimation")
    sharpening: SharpeningConfig | None = Field(
        default=None, description="Monotone transformation of rewards for learning only, never for scores; null is none"
    )


class ExamplesConfig(Section, frozen=True):
    """The examples that an algorithm learns a task from."""

    shots: int = Field(
        default=10,
        ge=1,
        description="Examples per task and draw; one draw is to adapt to, the next for the loss after adaptation",
    )


class TrainingConfig(Section, frozen=True):
    """The meta-training loop."""

    iterations: int = Field(ge=1, description="Meta-iterations in total, also for a resumed run")
    tasks_per_batch: int = Field(default=20, ge=1, description="Training tasks drawn for each meta-iteration")
    evaluate_every: int = Field(default=20, ge=1, description="Meta-iterations between evaluations")
    checkpoint_every: int = Field(default=10, ge=1, description="Meta-iterations between checkpoints")
    keep_checkpoints: int = Field(default=3, ge=1, description="Newest checkpoints to keep; the best is kept as well")


class EvaluationConfig(Section, frozen=True):
    """How a model is evaluated: on training tasks during training, on held-out tasks by `mlrun eval`."""

    steps: int | None = Field(
        default=None, ge=0, le=100, description="Adaptation steps; null is the algorithm's own number"
    )


class EpisodicEvaluationConfig(EvaluationConfig, frozen=True):
    """How a policy is evaluated: on training tasks during training, on held-out tasks by `mlrun eval`."""

    episodes: int = Field(default=10, ge=1, description="Episodes per task for each adaptation step")


class Experiment(Section, frozen=True):
    """What determines a run: the keys that all kinds of benchmarks share.

    Attributes:
        data_unit: What a task's data are counted in: ``"episodes"`` or ``"shots"``.
    """

    data_unit: ClassVar[str]

    name: str | None = Field(
        default=None, json_schema_extra={"pattern": f"^{_NAME_PATTERN}$"}, description="Part of the run's identifier"
    )
    seed: int = Field(default=0, ge=0, le=2**32 - 1, description="Seed of everything random except the task lists")
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="Where networks run; auto is the GPU if the physics runs there too, else the CPU"
    )
    tf32: bool = Field(
        default=False, description="Whether a GPU multiplies matrices in TF32, which is faster and rounds to 11 bits"
    )
    benchmark: SerializeAsAny[BenchmarkConfig] = Field(description="The tasks")
    algorithm: SerializeAsAny[AlgorithmConfig] = Field(description="The meta-learning algorithm")
    training: TrainingConfig = Field(description="The meta-training loop")
    evaluation: EvaluationConfig = Field(default=EvaluationConfig(), description="How a model is evaluated")

    @property
    @abstractmethod
    def training_data(self) -> int:
        """Episodes or examples per task in each collection of training."""

    @property
    @abstractmethod
    def evaluation_data(self) -> int:
        """Episodes or examples per task to adapt to in an evaluation."""

    @property
    def aids(self) -> tuple[str, ...]:
        """In words, what training uses besides the usual training tasks and what a policy sees of them."""
        return self.benchmark.aids + self.algorithm.aids

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
        if isinstance(name := value.get("name"), str):  # the config.yaml of a run has the full name
            value = {**value, "name": registry.full_name(name)}
        return read_by_name(value, registry.names(), lambda name: registry.entry(name).config)

    @model_validator(mode="wrap")
    @classmethod
    def _combinations_too(cls, data: Any, handler: ModelWrapValidatorHandler["Experiment"]) -> "Experiment":
        """Report impossible combinations together with the mistakes of single fields, not after them."""
        default_batch = TrainingConfig.model_fields["tasks_per_batch"].default
        impossible = impossible_combinations(data, default_batch)
        try:
            experiment = handler(data)
        except ValidationError as error:
            details = [_as_details(found) for found in error.errors()]
            raise ValidationError.from_exception_data(cls.__name__, details + impossible) from None
        if impossible:
            raise ValidationError.from_exception_data(cls.__name__, impossible)
        return experiment


class EpisodicExperiment(Experiment, frozen=True):
    """What determines a run on a benchmark whose tasks are episodes to act in."""

    data_unit: ClassVar[str] = "episodes"

    threads: int = Field(
        default=0,
        ge=0,
        le=1024,
        description="Threads for the physics on the CPU, at most one per core; 0 is one per core",
    )
    physics: Literal["auto", "cpu", "warp"] = Field(
        default="auto",
        description="Physics engine: cpu is mujoco.batch, warp is MuJoCo Warp on a GPU; auto is warp if possible",
    )
    policy: PolicyConfig = Field(default=PolicyConfig(), description="The policy")
    rollouts: RolloutsConfig = Field(default=RolloutsConfig(), description="Collection of episodes")
    evaluation: EpisodicEvaluationConfig = Field(
        default=EpisodicEvaluationConfig(), description="How a policy is evaluated"
    )

    @property
    def training_data(self) -> int:
        """Episodes per task and collection."""
        return self.rollouts.episodes_per_task

    @property
    def evaluation_data(self) -> int:
        """Episodes per task and adaptation step."""
        return self.evaluation.episodes

    @property
    def aids(self) -> tuple[str, ...]:
        """In words, what training uses besides the usual training tasks and what a policy sees of them."""
        return (*super().aids, *(["sharpened rewards"] if self.rollouts.sharpening else []))


class SupervisedExperiment(Experiment, frozen=True):
    """What determines a run on a benchmark whose tasks are examples to fit."""

    data_unit: ClassVar[str] = "shots"

    network: NetworkConfig = Field(default=NetworkConfig(), description="The model")
    examples: ExamplesConfig = Field(default=ExamplesConfig(), description="Examples of each task")

    @property
    def training_data(self) -> int:
        """Examples per task and collection."""
        return self.examples.shots

    @property
    def evaluation_data(self) -> int:
        """Examples per task."""
        return self.examples.shots


def experiment_model(data: Any) -> type[Experiment]:
    """Return the model that an experiment follows. It depends on whether the benchmark has episodes or examples."""
    benchmark = registered_model("benchmark", peek(data, "benchmark"))
    learning = BenchmarkConfig.learning if benchmark is None else benchmark.learning
    return EXPERIMENTS[learning]


EXPERIMENTS: Final[dict[str, type[Experiment]]] = {"episodic": EpisodicExperiment, "supervised": SupervisedExperiment}


def experiment_schema() -> dict[str, Any]:
    """Return the JSON schema of an experiment. It has every benchmark and algorithm of this package."""
    return TypeAdapter(_union(_documented(*kind) for kind in EXPERIMENTS.items())).json_schema()


def _documented(learning: str, model: type[Experiment]) -> type[Experiment]:
    """Return the model with the types of `benchmark` and `algorithm` replaced by unions of all that fit its kind."""
    fitting: dict[str, Any] = {
        "benchmark": [config for config in _registered("benchmark") if config.learning == learning],
        "algorithm": [
            config for config in _registered("algorithm") if learning == "episodic" or not config.needs_policy
        ],
    }
    alternatives: dict[str, Any] = {
        section: (_union(configs), model.model_fields[section]) for section, configs in fitting.items()
    }
    return create_model(model.__name__, __base__=model, __doc__=model.__doc__, **alternatives)


def _union(models: Iterable[type[Any]]) -> Any:
    return functools.reduce(operator.or_, models)


def _registered(section: str) -> list[Any]:
    return list(dict.fromkeys(entry.config for entry in registry_of(section).entries()))


def _as_details(error: ErrorDetails) -> InitErrorDetails:
    """Convert an error from the form that pydantic reports to the form that it accepts."""
    details: InitErrorDetails = {"type": error["type"], "loc": error["loc"], "input": error["input"]}
    if error["type"] not in get_args(ErrorType):  # a custom error of a model's own validator
        details["type"] = PydanticCustomError("custom_error", "{message}", {"message": error["msg"]})
    elif "ctx" in error:
        details["ctx"] = error["ctx"]
    return details
