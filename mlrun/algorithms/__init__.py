"""Meta-learning algorithms, by the name that an experiment gives them.

Importing this package imports no algorithm, so that listing and validating stay quick.
"""

from mlrun.config.schema import AlgorithmConfig, MAMLConfig
from mlrun.registry import Registry

algorithms: Registry[AlgorithmConfig] = Registry("algorithm")

algorithms.register(
    "maml",
    config=MAMLConfig,
    target="mlrun.algorithms.maml:MAML",
    summary="Model-agnostic meta-learning: likelihood-ratio policy gradient inside, trust region outside",
)
