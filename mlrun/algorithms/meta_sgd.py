"""Meta-SGD: MAML with learned learning rates."""

from __future__ import annotations

import torch

from mlrun.algorithms.inner_loop import Rates
from mlrun.algorithms.maml import MAML
from mlrun.parameters import Parameters
from mlrun.problems.protocol import DifferentiableProblem
from mlrun.randomness import RandomKey

_RATE = "rate/"


class MetaSGD(MAML):
    """MAML with a learned learning rate for every component of every parameter (Li et al. 2017).

    The rates are meta-parameters like the initial weights. Their names are ``rate/`` and the name of the parameter.
    They start uniformly random in a range, and may become negative.
    """

    def initialise(self, problem: DifferentiableProblem, key: RandomKey) -> None:
        """Start from the problem's fresh parameters and random rates."""
        weights = problem.initial_parameters(key)
        low, high = self.config.inner.learning_rate
        generator = key.child("rates").generator()
        rates = {
            f"{_RATE}{name}": torch.empty(tensor.shape).uniform_(low, high, generator=generator).to(tensor)
            for name, tensor in weights.items()
        }
        self.parameters = {**weights, **rates}

    def initial_weights(self, meta: Parameters) -> Parameters:
        """All meta-parameters but the rates."""
        return {name: tensor for name, tensor in meta.items() if not name.startswith(_RATE)}

    def rates(self, problem: DifferentiableProblem, meta: Parameters) -> Rates:
        """The learned rates, by the names of the parameters."""
        return {name.removeprefix(_RATE): tensor for name, tensor in meta.items() if name.startswith(_RATE)}
