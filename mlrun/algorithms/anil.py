"""ANIL, almost no inner loop: MAML in which only the last layer adapts."""

from mlrun.algorithms.inner_loop import Rates
from mlrun.algorithms.maml import MAML
from mlrun.parameters import Parameters
from mlrun.problems.protocol import DifferentiableProblem


class ANIL(MAML):
    """MAML in which only the last layer adapts (Raghu et al. 2020).

    All parameters are meta-learned. The meta-gradient still passes through the adaptation of the last layer. In a
    policy, the standard deviation of the actions belongs to the last layer.
    """

    def rates(self, problem: DifferentiableProblem, meta: Parameters) -> Rates:
        """One learning rate for all parameters of the last layer. The other parameters do not adapt."""
        learning_rate: float = self.config.inner.learning_rate
        return dict.fromkeys(problem.head, learning_rate)
