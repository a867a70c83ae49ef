"""The problems that algorithms are meta-trained and judged on, by name."""

from mlrun.config.benchmarks import BenchmarkConfig, ML1Config, Navigation2DConfig, SinusoidConfig
from mlrun.registry import Registry

benchmarks: Registry[BenchmarkConfig] = Registry("benchmark", BenchmarkConfig, group="mlrun.benchmarks")
for _problem, _summary in {
    "reach": "Sawyer arm reaches a hidden goal in the air",
    "push": "Sawyer arm moves a puck to a hidden goal on the table",
    "pick-place": "Sawyer arm lifts a puck to a hidden goal in the air",
}.items():
    benchmarks.register(
        f"ml1/{_problem}-v3",
        config=ML1Config,
        target="mlrun.benchmarks.metaworld.ml1:ML1.from_config",
        summary=f"{_summary} (Meta-World v3, ML1)",
        describe="mlrun.benchmarks.metaworld.description:describe",
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
