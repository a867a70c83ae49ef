"""The table of Meta-World's task families, and the sizes that they share.

Neither torch nor the simulator is loaded here.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class TaskFamilyEntry:
    """One line of the table.

    Attributes:
        target: ``"package.module:Class"`` of the family. It is imported when an environment needs it.
        summary: what the robot does, for listings.
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
"""Task families by their names in Meta-World. A new family needs one file, and one line here."""

ML1_NAMES: Final = tuple(f"ml1/{family}" for family in TASK_FAMILIES)
"""The names of the ML1 benchmarks in a configuration: one for each family."""

ACTION_SIZE: Final = 4
FRAME_SIZE: Final = 18
OBSERVATION_SIZE: Final = 2 * FRAME_SIZE + 3
"""Numbers in an observation of every family: this frame, the previous one, and the goal."""
