"""The algorithms and benchmarks that an experiment can name. Nothing here imports them."""

from typing import Any, Final

from pydantic import BaseModel

from mlrun.config import algorithms as sections
from mlrun.config.algorithms import AlgorithmConfig
from mlrun.config.benchmarks import BenchmarkConfig, ML1Config, Navigation2DConfig, SinusoidConfig
from mlrun.config.section import peek
from mlrun.registry import Registry
from mlrun.task_families import TASK_FAMILIES

algorithms: Final[Registry[AlgorithmConfig]] = Registry("algorithm", AlgorithmConfig, group="mlrun.algorithms")
benchmarks: Final[Registry[BenchmarkConfig]] = Registry("benchmark", BenchmarkConfig, group="mlrun.benchmarks")

for _config, _target, _summary in (
    (sections.MAMLConfig, "maml:MAML", "Model-agnostic meta-learning, second order"),
    (sections.FOMAMLConfig, "fomaml:FOMAML", "First-order MAML: no derivatives of the adaptation step"),
    (sections.ANILConfig, "anil:ANIL", "MAML in which only the last layer adapts"),
    (sections.MetaSGDConfig, "meta_sgd:MetaSGD", "MAML with a learned adaptation rate for every parameter"),
    (sections.ReptileConfig, "reptile:Reptile", "The initialisation moves towards the adapted parameters"),
    (sections.ProMPConfig, "promp:ProMP", "MAML with proximal outer steps; for episodes only"),
    (sections.RL2Config, "rl2:RL2", "A recurrent policy that adapts by its memory; for episodes only"),
    (sections.VariBADConfig, "varibad:VariBAD", "A policy that acts on an inferred belief; for episodes only"),
    (sections.PretrainConfig, "pretrain:Pretrain", "Baseline: one model for all tasks, fine-tuned to each"),
    (sections.ScratchConfig, "scratch:Scratch", "Baseline: adaptation from a random initialisation"),
):
    algorithms.register(
        _config.model_fields["name"].default,
        config=_config,
        target=f"mlrun.algorithms.{_target}",
        summary=_summary,
    )

for _family, _entry in TASK_FAMILIES.items():
    benchmarks.register(
        f"ml1/{_family}",
        config=ML1Config,
        target="mlrun.benchmarks.metaworld.ml1:ML1.from_config",
        summary=f"{_entry.summary} (Meta-World v3, ML1)",
        describe="mlrun.benchmarks.descriptions:describe_ml1",
    )
benchmarks.register(
    "navigation2d",
    config=Navigation2DConfig,
    target="mlrun.benchmarks.navigation2d:Navigation2D.from_config",
    summary="A point in the plane moves to a hidden goal (Finn et al. 2017)",
    describe="mlrun.benchmarks.descriptions:describe_navigation2d",
)
benchmarks.register(
    "sinusoid",
    config=SinusoidConfig,
    target="mlrun.benchmarks.sinusoid:Sinusoid.from_config",
    summary="Sine waves fitted from a few points (Finn et al. 2017)",
    describe="mlrun.benchmarks.descriptions:describe_sinusoid",
)


def registry_of(section: str) -> Registry[Any]:
    """Return the registry for the section ``"benchmark"`` or ``"algorithm"``."""
    return {"benchmark": benchmarks, "algorithm": algorithms}[section]


def registered_model(section: str, value: Any) -> type[Any] | None:
    """Return the model of a ``benchmark`` or ``algorithm`` section, or None if its name is unknown or unusable."""
    if isinstance(value, BaseModel):
        return type(value)
    name = peek(value, "name")
    if not isinstance(name, str):
        return None
    registry = registry_of(section)
    try:
        return registry.entry(registry.full_name(name)).config
    except LookupError:
        return None
