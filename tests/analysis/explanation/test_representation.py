from __future__ import annotations

import math

import pytest
import torch

from mlrun.analysis.explanation.representation import linear_cka, relative_change, relative_shift
from mlrun.randomness import RandomKey

SAMPLES, UNITS = 30, 6
BEFORE = torch.tensor([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]], dtype=torch.float64)  # its spread is sqrt(8)


@pytest.fixture
def generator(key: RandomKey) -> torch.Generator:
    return key.generator()


def features(generator: torch.Generator, units: int = UNITS) -> torch.Tensor:
    return torch.randn(SAMPLES, units, generator=generator, dtype=torch.float64)


def related(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return x @ features(generator, UNITS)[:UNITS] + features(generator)


def hsic(k: torch.Tensor, l: torch.Tensor) -> torch.Tensor:  # noqa: E741 - the paper's letters
    """The Hilbert-Schmidt independence criterion of two kernels, as defined with the centring matrix."""
    h = torch.eye(SAMPLES, dtype=torch.float64) - 1 / SAMPLES
    return torch.trace(k @ h @ l @ h) / (SAMPLES - 1) ** 2


def test_cka_equals_the_kernel_form(generator: torch.Generator) -> None:
    x = features(generator)
    y = related(x, generator)[:, :4]
    k, l = x @ x.T, y @ y.T  # noqa: E741
    expected = hsic(k, l) / (hsic(k, k) * hsic(l, l)).sqrt()
    assert 0.1 < float(expected) < 0.9
    torch.testing.assert_close(linear_cka(x, y), expected, rtol=1e-12, atol=0)


def test_cka_of_one_unit_is_the_squared_correlation() -> None:
    x, y = torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([[1.0], [3.0], [2.0]])
    assert float(linear_cka(x, y)) == pytest.approx(0.25)


def test_cka_ignores_a_rotation_a_scale_and_a_shift_but_not_other_linear_maps(generator: torch.Generator) -> None:
    x = features(generator)
    y = related(x, generator)
    rotation, _ = torch.linalg.qr(features(generator)[:UNITS])
    expected = linear_cka(x, y)
    for moved in (y @ rotation, 3 * y, y + 7):
        torch.testing.assert_close(linear_cka(x, moved), expected, rtol=1e-10, atol=0)
    stretched = y * torch.arange(1, UNITS + 1)
    assert abs(float(linear_cka(x, stretched) - expected)) > 0.01


def test_cka_with_itself_is_exactly_1(generator: torch.Generator) -> None:
    x = features(generator)
    assert float(linear_cka(x, x.clone())) == 1


def test_cka_of_a_constant_is_undefined(generator: torch.Generator) -> None:
    """Also where the mean of equal numbers is rounded to another number."""
    constant = features(generator)[:1].expand(SAMPLES, UNITS)
    assert (constant.mean(0) != constant[0]).any()
    assert math.isnan(linear_cka(features(generator), constant))
    assert math.isnan(linear_cka(constant, constant))


def test_a_shift_is_all_of_the_change_and_cka_does_not_see_it() -> None:
    after = BEFORE + torch.tensor([3.0, 4.0])
    expected = math.sqrt(3 * 25 / 8)
    assert float(relative_change(BEFORE, after)) == pytest.approx(expected)
    assert float(relative_shift(BEFORE, after)) == pytest.approx(expected)
    assert float(linear_cka(BEFORE, after)) == 1


def test_a_change_around_the_same_mean_is_no_shift() -> None:
    after = BEFORE.flip(0)
    assert float(relative_change(BEFORE, after)) == pytest.approx(math.sqrt(32 / 8))
    assert float(relative_shift(BEFORE, after)) == 0


def test_change_and_shift_of_a_constant_are_undefined() -> None:
    constant = torch.full_like(BEFORE, 0.1)
    assert math.isnan(relative_change(constant, BEFORE))
    assert math.isnan(relative_shift(constant, BEFORE))
