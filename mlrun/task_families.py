"""Meta-World's task families: the one table that names them. It loads neither torch nor the simulator."""

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
