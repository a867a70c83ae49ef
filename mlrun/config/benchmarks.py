"""The `benchmark` section of an experiment, for each benchmark."""

from typing import ClassVar, Literal

from pydantic import Field

from mlrun.config.section import NamedSection


class BenchmarkConfig(NamedSection, frozen=True):
    """What every benchmark's section has.

    A benchmark with a limited number of training tasks has a field `num_tasks` as well, with a default.

    Attributes:
        learning: What its tasks consist of: episodes to act in, or examples to fit.
        simulated: Whether its worlds are a physics engine's, which can be on a GPU.
    """

    learning: ClassVar[Literal["episodic", "supervised"]] = "episodic"
    simulated: ClassVar[bool] = False

    name: str = Field(description="Registered benchmark; `mlrun list-envs` lists them")


class ML1Config(BenchmarkConfig, frozen=True):
    """Meta-World's ML1: one manipulation problem, with other places for puck and goal in each of its tasks."""

    simulated: ClassVar[bool] = True

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


class Navigation2DConfig(BenchmarkConfig, frozen=True):
    """A point in the plane that should go to a hidden goal (Finn et al., 2017)."""

    name: Literal["navigation2d"] = Field(default="navigation2d", description="Registered benchmark")
    seed: int = Field(default=0, ge=0, le=2**32 - 2, description="Seed of the lists of tasks to evaluate on")
    horizon: int = Field(default=100, ge=1, le=1000, description="Length of an episode, in steps")
    evaluation_tasks: int = Field(
        default=100,
        ge=1,
        le=10_000,
        description="Tasks to choose the best checkpoint by, and as many held out",
    )


class SinusoidConfig(BenchmarkConfig, frozen=True):
    """Sine waves of random amplitude and phase, to be fitted from a few examples (Finn et al., 2017)."""

    learning: ClassVar[Literal["episodic", "supervised"]] = "supervised"

    name: Literal["sinusoid"] = Field(default="sinusoid", description="Registered benchmark")
    seed: int = Field(default=0, ge=0, le=2**32 - 2, description="Seed of the lists of tasks to evaluate on")
    evaluation_tasks: int = Field(
        default=500,
        ge=1,
        le=10_000,
        description="Tasks to choose the best checkpoint by, and as many held out",
    )
