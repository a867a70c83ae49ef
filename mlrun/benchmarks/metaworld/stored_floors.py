"""The floors of ML1, measured once for those who only want to read them; nothing heavy is imported here."""

from typing import Final

_FLOORS: Final = {
    "ml1/reach-v3": {
        "goal-blind expert": {"success_any": 0.08, "success_last": 0.04, "return": 3657.1},
        "goal-blind sweep": {"success_any": 0.98, "success_last": 0.04, "return": 2571.9},
        "expert": {"success_any": 1.0, "success_last": 1.0, "return": 4834.8},
    },
    "ml1/push-v3": {
        "goal-blind expert": {"success_any": 0.48, "success_last": 0.4, "return": 4332.9},
        "expert": {"success_any": 1.0, "success_last": 1.0, "return": 4632.4},
    },
    "ml1/pick-place-v3": {
        "goal-blind expert": {"success_any": 0.32, "success_last": 0.32, "return": 2817.1},
        "expert": {"success_any": 1.0, "success_last": 1.0, "return": 4488.3},
    },
}


def stored_floors(name: str) -> dict[str, dict[str, float]]:
    """What scripts achieve on the 50 test tasks of seed 0, at horizon 500 and with reward "v2".

    They are the result of `ml1.floors(ml1.test_tasks)` with `ml1 = ML1(name)`.

    Args:
        name: a registered ML1 problem, as in "ml1/push-v3".

    Raises:
        KeyError: there is no such problem.
    """
    return dict(_FLOORS[name])
