from __future__ import annotations

import math

import pytest
import torch

from mlrun.analysis.explanation.cka import linear_cka
from mlrun.analysis.explanation.displacement import relative_change, relative_shift

BEFORE = torch.tensor([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]], dtype=torch.float64)  # its spread is sqrt(8)


def test_a_shift_is_all_of_the_change_and_unseen_by_cka() -> None:
    after = BEFORE + torch.tensor([3.0, 4.0])
    expected = math.sqrt(3 * 25 / 8)
    assert float(relative_change(BEFORE, after)) == pytest.approx(expected)
    assert float(relative_shift(BEFORE, after)) == pytest.approx(expected)
    assert float(linear_cka(BEFORE, after)) == 1


def test_what_changes_around_the_same_mean_is_no_shift() -> None:
    after = BEFORE.flip(0)
    assert float(relative_change(BEFORE, after)) == pytest.approx(math.sqrt(32 / 8))
    assert float(relative_shift(BEFORE, after)) == 0


def test_without_a_spread_there_is_nothing_to_be_relative_to() -> None:
    constant = torch.full_like(BEFORE, 0.1)
    assert math.isnan(relative_change(constant, BEFORE))
    assert math.isnan(relative_shift(constant, BEFORE))
