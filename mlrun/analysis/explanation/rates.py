"""The rates that an algorithm has learned to adapt at."""

from __future__ import annotations

from typing import Any, cast

import torch

from mlrun.algorithms.gradient_based import GradientBased
from mlrun.algorithms.protocol import MetaAlgorithm
from mlrun.parameters import Parameters
from mlrun.problems.protocol import DifferentiableProblem, Problem


def learned_rates(algorithm: MetaAlgorithm[Any], problem: Problem) -> Parameters:
    """The rates among an algorithm's meta-parameters, by the name of the parameter that they move.

    Rates that are plain numbers are settings, not learned. Empty where there are none but those.
    """
    if not isinstance(algorithm, GradientBased):
        return {}
    rates = algorithm.rates(cast(DifferentiableProblem, problem), algorithm.parameters)
    return {name: rate.detach() for name, rate in rates.items() if isinstance(rate, torch.Tensor)}
