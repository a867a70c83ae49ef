"""The problems that algorithms are meta-trained and judged on, by name."""

from mlrun.config.schema import BenchmarkConfig, ML1Config
from mlrun.registry import Registry

benchmarks: Registry[BenchmarkConfig] = Registry("benchmark")
benchmarks.register(
    "ml1/reach-v3",
    config=ML1Config,
    target="mlrun.benchmarks.ml1.benchmark:ML1",
    summary="Sawyer arm reaches a hidden goal in the air (Meta-World v3, ML1): 50 train and 50 test goals",
)
