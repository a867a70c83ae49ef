"""Meta-learning algorithms, by the name that an experiment gives them.

Importing this package imports no algorithm, so that listing and validating stay quick.
"""

from mlrun.config import algorithms as sections
from mlrun.config.algorithms import AlgorithmConfig
from mlrun.registry import Registry

algorithms: Registry[AlgorithmConfig] = Registry("algorithm", AlgorithmConfig, group="mlrun.algorithms")

for _config, _target, _summary in (
    (sections.MAMLConfig, "maml:MAML", "Model-agnostic meta-learning, second order"),
    (sections.FOMAMLConfig, "fomaml:FOMAML", "First-order MAML: no derivatives of the adaptation step"),
    (sections.ANILConfig, "anil:ANIL", "MAML in which only the last layer adapts"),
    (sections.MetaSGDConfig, "meta_sgd:MetaSGD", "MAML with a learned adaptation rate for every parameter"),
    (sections.ReptileConfig, "reptile:Reptile", "The initialisation moves towards the adapted parameters"),
    (sections.ProMPConfig, "promp:ProMP", "MAML with proximal outer steps; for episodes only"),
    (sections.PretrainConfig, "pretrain:Pretrain", "Baseline: one model for all tasks, fine-tuned to each"),
    (sections.ScratchConfig, "scratch:Scratch", "Baseline: adaptation from a random initialisation"),
):
    algorithms.register(
        _config.model_fields["name"].default,
        config=_config,
        target=f"mlrun.algorithms.{_target}",
        summary=_summary,
    )
