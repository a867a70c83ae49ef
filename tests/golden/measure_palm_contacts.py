"""Measures how often the palm touches anything. Its shape is a mesh in the original Meta-World, and a box here.

    python tests/golden/measure_palm_contacts.py

For each task family, the expert and uniformly random actions play the 50 test tasks of seed 0 for 500 steps. The
recordings beside this script are played as well. The script prints the share of control steps after which the palm
touches the puck, or anything at all.
"""

# mujoco's compiled modules carry no types.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Callable, Iterator
from pathlib import Path

import mujoco
import numpy as np
import torch
from torch import Tensor

from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.metaworld.worlds import ManipulationWorlds
from mlrun.simulation.tabletop import SAWYER_AND_PUCK

Script = Callable[[int, Tensor], Tensor]  # returns actions, given the number of the step and the observation

PROBLEMS = ("reach-v3", "push-v3", "pick-place-v3")
FOLDER = Path(__file__).parent


class PalmContacts:
    """Counts contacts of the palm in the present state of every world."""

    def __init__(self, environment: ManipulationWorlds):
        self._worlds = range(environment.num_worlds)
        self._batch = environment.physics._batch
        self._model = SAWYER_AND_PUCK.model
        self._data = mujoco.MjData(self._model)
        self._palm, self._puck = self._model.geom("palm").id, self._model.geom("puck").id

    def count(self) -> np.ndarray:
        """The number of worlds in which the palm touches the puck, and in which it touches anything, (2,)."""
        touching = [self._touching(world) for world in self._worlds]
        return np.array([sum(self._puck in geoms for geoms in touching), sum(map(bool, touching))])

    def _touching(self, world: int) -> set[int]:
        data = self._batch.get_data(world, self._data)
        mujoco.mj_fwdPosition(self._model, data)
        pairs = (set(contact.geom.tolist()) for contact in data.contact if contact.dist <= 0)
        return set().union(*(pair - {self._palm} for pair in pairs if self._palm in pair))


def share(ml1: ML1, parameters: Tensor, act: Script) -> str:
    """Plays one episode for each row of `parameters` and returns the shares as text."""
    environment = ml1.make_worlds(len(parameters))
    observation = environment.reset(parameters)
    contacts, count = PalmContacts(environment), np.zeros(2, dtype=int)
    for step in range(ml1.horizon):
        observation = environment.step(act(step, observation)).observation
        count += contacts.count()
    puck, anything = count / (ml1.horizon * len(parameters))
    return f"palm on puck {puck:.4%}, on anything {anything:.4%}"


def measure(problem: str) -> Iterator[tuple[str, str]]:
    """Yields each kind of actions and its shares, as text."""
    ml1 = ML1(problem, goal="visible")
    parameters = torch.tensor([task.parameters for task in ml1.test_tasks], dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    yield "expert", share(ml1, parameters, lambda _, seen: ml1.family.expert(seen, seen[:, 36:]))
    yield "random", share(ml1, parameters, lambda _, seen: 2 * torch.rand(len(seen), 4, generator=generator) - 1)
    with np.load(FOLDER / f"{problem}.npz") as recording:
        kinds, tasks = recording["kinds"], torch.from_numpy(recording["task_parameters"])
        actions = torch.from_numpy(recording["actions"]).transpose(0, 1)
    recorded = ML1(problem, horizon=len(actions))
    for kind in np.unique(kinds):
        chosen = torch.from_numpy(kinds == kind)
        yield f"{kind}, recorded", share(recorded, tasks[chosen], lambda step, _, of=chosen: actions[step, of])


def main() -> None:
    """Prints one line for each task family and kind of actions."""
    for problem in PROBLEMS:
        for kind, shares in measure(problem):
            print(f"{problem:14} {kind:23} {shares}", flush=True)


if __name__ == "__main__":
    main()
