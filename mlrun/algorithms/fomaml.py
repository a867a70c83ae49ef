"""First-order MAML."""

from mlrun.algorithms.maml import MAML


class FOMAML(MAML):
    """MAML without second derivatives (Finn et al. 2017, section 5.2).

    The meta-gradient is the gradient at the adapted parameters, as though adaptation had added a constant.
    """

    second_order = False
