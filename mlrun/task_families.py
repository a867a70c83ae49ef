"""Meta-World's task families: the one table that names them, and the sizes that they share.

Neither torch nor the simulator is loaded here.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class TaskFamilyEntry:
    """One line of the table.

    Attributes:
        target: ``"package.module:Class"`` of the family, imported when an environment needs it.
        summary: what there is to do, for listings.
    """

    target: str
    summary: str


TASK_FAMILIES: Final = {
    "reach-v3": TaskFamilyEntry(
        "mlrun.benchmarks.metaworld.reach:Reach", "Sawyer arm reaches a hidden goal in the air"
    ),
    "push-v3": TaskFamilyEntry(
        "mlrun.benchmarks.metaworld.push:Push", "Sawyer arm moves a puck to a hidden goal on the table"
    ),
    "pick-place-v3": TaskFamilyEntry(
        "mlrun.benchmarks.metaworld.pick_place:PickPlace", "Sawyer arm lifts a puck to a hidden goal in the air"
    ),
}
"""Families by Meta-World's names for them. A new family needs its file, and a line here."""

ML1_NAMES: Final = tuple(f"ml1/{family}" for family in TASK_FAMILIES)
"""ML1 benchmarks by the names that a configuration gives them: one for each family."""

ACTION_SIZE: Final = 4
FRAME_SIZE: Final = 18
OBSERVATION_SIZE: Final = 2 * FRAME_SIZE + 3
"""Numbers in an observation of every family: this frame, the previous one, and the goal."""
