"""ANIL: almost no inner loop."""

from mlrun.algorithms.inner_loop import Rates
from mlrun.algorithms.maml import MAML
from mlrun.parameters import Parameters
from mlrun.problems.protocol import DifferentiableProblem


class ANIL(MAML):
    """MAML in which only the last layer adapts (Raghu et al. 2020).

    All parameters are meta-learned; the gradient still passes through the adaptation of the last layer. Of a policy the
    standard deviation of the actions belongs to the last layer.
    """

    def rates(self, problem: DifferentiableProblem, meta: Parameters) -> Rates:
        """The same for every parameter of the last layer, and none for the others."""
        learning_rate: float = self.config.inner.learning_rate
        return dict.fromkeys(problem.head, learning_rate)
