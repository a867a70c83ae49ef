from __future__ import annotations

import math

import pytest
import torch

from mlrun.analysis.explanation.cka import linear_cka
from mlrun.randomness import RandomKey

SAMPLES, UNITS = 30, 6


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


def test_it_equals_the_kernel_form(generator: torch.Generator) -> None:
    x = features(generator)
    y = related(x, generator)[:, :4]
    k, l = x @ x.T, y @ y.T  # noqa: E741
    expected = hsic(k, l) / (hsic(k, k) * hsic(l, l)).sqrt()
    assert 0.1 < float(expected) < 0.9
    torch.testing.assert_close(linear_cka(x, y), expected, rtol=1e-12, atol=0)


def test_of_one_unit_it_is_the_squared_correlation() -> None:
    x, y = torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([[1.0], [3.0], [2.0]])
    assert float(linear_cka(x, y)) == pytest.approx(0.25)


def test_a_rotation_a_scale_and_a_shift_change_nothing_but_another_linear_map_does(generator: torch.Generator) -> None:
    x = features(generator)
    y = related(x, generator)
    rotation, _ = torch.linalg.qr(features(generator)[:UNITS])
    expected = linear_cka(x, y)
    for moved in (y @ rotation, 3 * y, y + 7):
        torch.testing.assert_close(linear_cka(x, moved), expected, rtol=1e-10, atol=0)
    stretched = y * torch.arange(1, UNITS + 1)
    assert abs(float(linear_cka(x, stretched) - expected)) > 0.01


def test_with_itself_it_is_exactly_1(generator: torch.Generator) -> None:
    x = features(generator)
    assert float(linear_cka(x, x.clone())) == 1


def test_what_is_the_same_for_all_inputs_is_similar_to_nothing(generator: torch.Generator) -> None:
    """Also where the mean of equal numbers is rounded to another one."""
    constant = features(generator)[:1].expand(SAMPLES, UNITS)
    assert (constant.mean(0) != constant[0]).any()
    assert math.isnan(linear_cka(features(generator), constant))
    assert math.isnan(linear_cka(constant, constant))
