"""First-order MAML."""

from mlrun.algorithms.maml import MAML


class FOMAML(MAML):
    """MAML without second derivatives (Finn et al. 2017, section 5.2).

    The meta-gradient is the gradient at the adapted parameters. It treats the steps of adaptation as constants.
    """

    second_order = False
