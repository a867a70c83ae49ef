from __future__ import annotations

import math

import pytest
import torch

from mlrun.analysis.explanation.spread import share_negative, spread


def test_what_is_not_a_number_does_not_count() -> None:
    values = torch.tensor([[3.0, torch.nan], [-1.0, 0.0]])
    found = spread(values)
    assert found == pytest.approx(
        {"mean": 2 / 3, "std": math.sqrt(26) / 3, "min": -1, "q25": -0.5, "median": 0, "q75": 1.5, "max": 3}
    )
    assert share_negative(values) == pytest.approx(1 / 3)


def test_of_nothing_all_is_undefined() -> None:
    nothing = torch.full((3,), torch.nan)
    assert all(math.isnan(number) for number in spread(nothing).values())
    assert math.isnan(share_negative(nothing))
