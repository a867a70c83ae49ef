import pytest
import torch

from mlrun.benchmarks.metaworld.grasping import grasp_quality
from mlrun.benchmarks.metaworld.rewards import hamacher_product, nearing, tolerance


def float64(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_tolerance_is_one_between_the_bounds_and_a_tenth_one_margin_outside() -> None:
    value = float64(0.02 - 0.25, 0.02, 0.03, 0.05, 0.05 + 0.25)
    expected = float64(0.1, 1.0, 1.0, 1.0, 0.1)
    torch.testing.assert_close(
        tolerance(value, float64(0.02), float64(0.05), float64(0.25)), expected, rtol=1e-13, atol=0
    )


def test_tolerance_falls_strictly_outside_and_never_to_zero() -> None:
    distance = torch.linspace(0.05, 5.0, 500, dtype=torch.float64)
    value = tolerance(distance, float64(0.0), float64(0.05), torch.full_like(distance, 0.3))
    assert (value.diff() < 0).all()
    assert value.min() > 0


def test_hamacher_product_is_a_conjunction() -> None:
    numbers = torch.linspace(0.01, 1.0, 100, dtype=torch.float64)
    first, second = numbers[:, None], numbers[None]
    product = hamacher_product(first, second)
    torch.testing.assert_close(product, product.T, rtol=1e-14, atol=0)
    assert (product <= torch.minimum(first, second) + 1e-15).all()
    torch.testing.assert_close(product[-1], numbers, rtol=1e-14, atol=0)
    assert hamacher_product(float64(0.3), float64(0.0)) == 0


def test_closing_the_fingers_counts_only_around_the_puck() -> None:
    caging = float64(0.96, 0.98, 0.98, 0.98)
    action = torch.zeros(4, 4, dtype=torch.float64)
    action[:, 3] = float64(1.0, 1.0, -1.0, 2.0)
    quality, reward = grasp_quality(caging, action, torch.add, caging)
    torch.testing.assert_close(quality, float64(0.48, 0.98, 0.49, 0.98), rtol=1e-14, atol=0)
    torch.testing.assert_close(reward, quality + caging, rtol=1e-14, atol=0)
    _, rounded = grasp_quality(caging, action.float(), torch.add, caging)
    assert torch.equal(rounded != reward, torch.tensor([False, True, False, True]))


@pytest.mark.parametrize("greatest", [0.2, 0.5])
def test_version_1_rises_towards_the_goal(greatest: float) -> None:
    distance = torch.linspace(0.0, greatest, 200, dtype=torch.float64)
    value = nearing(distance, float64(greatest))
    assert (value.diff() < 0).all()
    assert value[0] == pytest.approx(1000 * greatest + 2000)
    assert nearing(float64(greatest + 1), float64(greatest)) == 0
