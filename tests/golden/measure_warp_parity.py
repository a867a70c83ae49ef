"""Measures how far MuJoCo Warp departs from MuJoCo on the CPU. Warp runs on the GPU, or on the CPU if there is none.

    python tests/golden/measure_warp_parity.py

The tasks are the 50 test tasks of seed 0. First the expert plays them for 500 steps in each engine, in closed loop. The
script prints success and mean return for both engines. Then both engines get the same 150 actions: the expert's, and
the expert's with uniform noise between -1 and 1. For hand and puck, the script takes the largest distance between the
engines within an episode, and prints its median and maximum over tasks. It also prints the share of steps whose success
differs.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.metaworld.worlds import ManipulationWorlds

PROBLEMS = ("reach-v3", "push-v3", "pick-place-v3")
NOISE = {"expert": 0.0, "expert with noise": 1.0}


class Pair:
    """The test tasks of a task family, in both engines."""

    def __init__(self, problem: str) -> None:
        self.ml1 = ML1(problem)
        self.parameters = torch.tensor([task.parameters for task in self.ml1.test_tasks], dtype=torch.float64)
        self.goal = self.ml1.family.target(self.parameters)
        worlds = len(self.parameters)
        self.engines = [self.ml1.make_worlds(worlds), self.ml1.make_worlds(worlds, physics="warp")]

    def closed_loop(self, environment: ManipulationWorlds) -> tuple[float, float]:
        """Plays the expert and returns the share of tasks with a successful step, and the mean return."""
        observation = environment.reset(self.parameters)
        total, ever = torch.zeros(len(self.goal)), torch.zeros(len(self.goal), dtype=torch.bool)
        for _ in range(500):
            action = self.ml1.family.expert(observation.double().cpu(), self.goal).float()
            step = environment.step(action.to(environment.device))
            observation, total, ever = step.observation, total + step.reward.cpu(), ever | step.success.cpu()
        environment.warnings()
        return ever.double().mean().item(), total.mean().item()

    def differences(self, noise: float) -> tuple[Tensor, Tensor, float]:
        """Largest distances of hand and puck, (tasks,) in mm each, and the share of steps whose success differs."""
        random = torch.Generator().manual_seed(0)
        first, second = zip(*self._together(noise, random), strict=True)
        apart, differs = torch.stack(first, 1), torch.stack(second, 1)
        hand, puck = (1000 * apart[..., place].norm(dim=-1).amax(1) for place in (slice(0, 3), slice(4, 7)))
        return hand, puck, differs.double().mean().item()

    def _together(self, noise: float, random: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        exact, _ = (environment.reset(self.parameters) for environment in self.engines)
        for _ in range(150):
            action = self.ml1.family.expert(exact, self.goal).clamp(-1, 1)
            action = (action + noise * (2 * torch.rand(action.shape, generator=random) - 1)).float()
            one, other = (environment.step(action.to(environment.device)) for environment in self.engines)
            exact = one.observation
            yield exact - other.observation.double().cpu(), one.success != other.success.cpu()


def main() -> None:
    """Prints lines for each task family: closed loop, then each kind of actions."""
    for problem in PROBLEMS:
        pair = Pair(problem)
        scores = "; ".join("success {:.2f}, return {:.1f}".format(*pair.closed_loop(one)) for one in pair.engines)
        print(f"{problem}, expert in closed loop: {scores}", flush=True)
        for kind, noise in NOISE.items():
            *parts, differs = pair.differences(noise)
            hand, puck = (f"{part.median():.2g}, {part.max():.2g} mm" for part in parts)
            print(f"{problem}, {kind}: hand {hand}; puck {puck}; success differs in {differs:.2%} of steps", flush=True)


if __name__ == "__main__":
    main()
