import math

import pytest
import torch
from torch import Tensor

from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.metaworld.observation import quaternion_from_matrix
from mlrun.benchmarks.task import stack_parameters
from mlrun.simulation.tabletop import PUCK


def matrix_of(quaternion: Tensor) -> Tensor:
    x, y, z, w = quaternion.unbind(-1)
    rows = (
        *(1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        *(2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        *(2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))


def test_quaternions_come_back_with_their_largest_component_positive() -> None:
    random = torch.randn(1000, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    quaternion = random / random.norm(dim=-1, keepdim=True)
    largest = quaternion.gather(1, quaternion.abs().argmax(1, keepdim=True))
    torch.testing.assert_close(
        quaternion_from_matrix(matrix_of(quaternion)), quaternion * largest.sign(), rtol=0, atol=1e-14
    )


@pytest.mark.parametrize(
    ("matrix", "quaternion"),
    [
        ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], (0, 0, 0, 1)),
        ([[-1, 0, 0], [0, -1, 0], [0, 0, 1]], (0, 0, 1, 0)),
        ([[0, -1, 0], [-1, 0, 0], [0, 0, -1]], (math.sqrt(0.5), -math.sqrt(0.5), 0, 0)),
        ([[-1, 0, 0], [0, 0, -1], [0, -1, 0]], (0, math.sqrt(0.5), -math.sqrt(0.5), 0)),
        ([[0, 0, 1], [1, 0, 0], [0, 1, 0]], (0.5, 0.5, 0.5, 0.5)),
    ],
)
def test_exact_turns_take_the_sign_that_scipy_gives(matrix: list[list[int]], quaternion: tuple[float, ...]) -> None:
    result = quaternion_from_matrix(torch.tensor(matrix, dtype=torch.float64))
    torch.testing.assert_close(result, torch.tensor(quaternion, dtype=torch.float64), rtol=0, atol=1e-15)


def test_positions_are_seen_within_a_centimetre_while_the_expert_acts(family: str) -> None:
    ml1 = ML1(family)
    tasks = stack_parameters(ml1.test_tasks[:5])
    worlds = ml1.make_worlds(len(tasks))
    observation, true = worlds.reset(tasks), worlds.physics.poses
    for _ in range(100):
        observation = worlds.step(ml1.family.expert(observation, ml1.family.target(tasks))).observation
        seen = ml1.family.seen_positions(observation)
        assert torch.equal(seen.body("hand"), true.body("hand"))
        assert torch.equal(seen.body(PUCK), true.body(PUCK))
        torch.testing.assert_close(seen.gripper_center, true.gripper_center, rtol=0, atol=0.01)
        for pad in ("left_pad", "right_pad"):
            torch.testing.assert_close(seen.body(pad), true.body(pad), rtol=0, atol=0.01)
