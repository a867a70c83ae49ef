import torch

from mlrun.benchmarks.ml1.rewards import tolerance


def test_tolerance_is_one_up_to_the_radius_and_a_tenth_one_margin_further() -> None:
    margin = torch.tensor(0.25, dtype=torch.float64)
    distance = torch.tensor([0.0, 0.03, 0.05, 0.05 + 0.25], dtype=torch.float64)
    expected = torch.tensor([1.0, 1.0, 1.0, 0.1], dtype=torch.float64)
    torch.testing.assert_close(tolerance(distance, 0.05, margin), expected, rtol=1e-14, atol=0)


def test_tolerance_falls_strictly_outside_and_never_to_zero() -> None:
    distance = torch.linspace(0.05, 5.0, 500, dtype=torch.float64)
    value = tolerance(distance, 0.05, torch.full_like(distance, 0.3))
    assert (value.diff() < 0).all()
    assert value.min() > 0
