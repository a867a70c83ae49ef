"""The table of Meta-World's task families. It loads neither torch nor the simulator."""

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
