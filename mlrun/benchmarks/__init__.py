"""The problems that algorithms are meta-trained and judged on, by name."""

from mlrun.config.schema import BenchmarkConfig, ML1Config
from mlrun.registry import Registry

benchmarks: Registry[BenchmarkConfig] = Registry("benchmark")
for _problem, _summary in {
    "reach": "Sawyer arm reaches a hidden goal in the air",
    "push": "Sawyer arm moves a puck to a hidden goal on the table",
    "pick-place": "Sawyer arm lifts a puck to a hidden goal in the air",
}.items():
    benchmarks.register(
        f"ml1/{_problem}-v3",
        config=ML1Config,
        target="mlrun.benchmarks.ml1.benchmark:ML1.from_config",
        summary=f"{_summary} (Meta-World v3, ML1)",
        describe="mlrun.benchmarks.ml1.description:describe",
    )
