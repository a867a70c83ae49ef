"""How to read each measure, in a sentence: for tables, figures and JSON alike."""

from typing import Final

MOVEMENT: Final = (
    "The distance |θ' - θ| that adaptation moves a layer's parameters, relative to their length |θ|: a layer at 0 does"
    " not adapt."
)
REPRESENTATION: Final = (
    "CKA is how alike a layer's outputs are before and after adaptation, on the same inputs: hidden layers near 1,"
    " below a lower head, are features that adaptation reuses; it is blind to a shift of all outputs alike, which is"
    " given in units of how far apart they lie."
)
RATES: Final = (
    "The learned step size of every parameter: the larger it is the more the parameter adapts, and a negative one goes"
    " up the loss instead of down."
)
AGREEMENT: Final = (
    "The cosine of the directions θ' - θ in which two tasks move: 1 is the same way, 0 unrelated, -1 the opposite;"
    " noise alone keeps a task that adapts to other data from a cosine of 1 with itself."
)
