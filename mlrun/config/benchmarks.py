"""The models of an experiment's `benchmark` section, one for each benchmark."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from mlrun.config.section import NamedSection
from mlrun.task_families import ML1_NAMES


class BenchmarkConfig(NamedSection, frozen=True):
    """What the sections of all benchmarks have.

    A benchmark with a limited number of training tasks also has a field `num_tasks` with a default.

    Attributes:
        learning: What its tasks consist of: episodes to act in, or examples to fit.
        simulated: Whether a physics engine simulates it. The engine can run on a GPU.
    """

    learning: ClassVar[Literal["episodic", "supervised"]] = "episodic"
    simulated: ClassVar[bool] = False

    name: str = Field(description="Registered benchmark; `mlrun list-envs` lists them")

    @property
    def aids(self) -> tuple[str, ...]:
        """In words, what training uses besides the usual list of training tasks."""
        return ()


def _is_of_ml1(name: str) -> str:
    if name not in ML1_NAMES:
        raise ValueError(f"must be one of: {', '.join(ML1_NAMES)}, not {name}")
    return name


_ML1Name = Annotated[str, AfterValidator(_is_of_ml1), WithJsonSchema({"type": "string", "enum": [*ML1_NAMES]})]


class ML1Config(BenchmarkConfig, frozen=True):
    """Meta-World's ML1: one task family of a robot arm. Its tasks differ in the places of the object and the goal."""

    simulated: ClassVar[bool] = True

    name: _ML1Name = Field(default=ML1_NAMES[0], description="Registered benchmark")
    seed: int = Field(default=0, ge=0, le=2**32 - 2, description="Seed of the lists of training and test tasks")
    num_tasks: int = Field(
        default=50,
        ge=1,
        le=10_000,
        description="Number of training tasks, and of test tasks; Meta-World has 50 of each",
    )
    recombine: bool = Field(
        default=False,
        description="Whether training draws every start of its tasks with every goal of them, instead of the pairs",
    )
    horizon: int = Field(default=500, ge=1, le=500, description="Length of an episode, in control steps of 0.0125 s")
    goal: Literal["hidden", "visible"] = Field(
        default="hidden",
        description="What the observation ends with: hidden is zeros, as in ML1; visible is the goal, as in MT1",
    )
    reward: Literal["v2", "v1"] = Field(default="v2", description="Version of Meta-World's reward function")

    @property
    def aids(self) -> tuple[str, ...]:
        """In words, what training uses besides the 50 published training tasks."""
        usual = ML1Config.model_fields["num_tasks"].default
        more = () if self.num_tasks == usual else (f"{self.num_tasks} training tasks instead of {usual}",)
        return (*more, "recombined training tasks") if self.recombine else more


class Navigation2DConfig(BenchmarkConfig, frozen=True):
    """A point in the plane moves to a hidden goal (Finn et al., 2017)."""

    name: Literal["navigation2d"] = Field(default="navigation2d", description="Registered benchmark")
    seed: int = Field(default=0, ge=0, le=2**32 - 2, description="Seed of the lists of tasks to evaluate on")
    horizon: int = Field(default=100, ge=1, le=1000, description="Length of an episode, in steps")
    evaluation_tasks: int = Field(
        default=100,
        ge=1,
        le=10_000,
        description="Number of tasks that choose the best checkpoint, and of held-out tasks",
    )


class SinusoidConfig(BenchmarkConfig, frozen=True):
    """Sine waves of random amplitude and phase, fitted from a few examples (Finn et al., 2017)."""

    learning: ClassVar[Literal["episodic", "supervised"]] = "supervised"

    name: Literal["sinusoid"] = Field(default="sinusoid", description="Registered benchmark")
    seed: int = Field(default=0, ge=0, le=2**32 - 2, description="Seed of the lists of tasks to evaluate on")
    evaluation_tasks: int = Field(
        default=500,
        ge=1,
        le=10_000,
        description="Number of tasks that choose the best checkpoint, and of held-out tasks",
    )
