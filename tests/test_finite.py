from __future__ import annotations

from typing import Any

import pytest
import torch

from mlrun.finite import NotFiniteError, require_finite, require_finite_tasks

NAN = float("nan")


@pytest.mark.parametrize(
    "value",
    [
        NAN,
        float("inf"),
        torch.tensor([0.0, NAN]),
        {"deep": {"deeper": torch.tensor(NAN)}},
        [torch.zeros(2), torch.tensor(NAN)],
        (0.0, {"moments": [NAN]}),
    ],
)
def test_a_number_that_is_not_finite_is_found_in_every_plain_container(value: Any) -> None:
    with pytest.raises(NotFiniteError, match="is not finite"):
        require_finite({"first": 1.0, "second": value})


def test_the_error_names_the_quantity() -> None:
    with pytest.raises(NotFiniteError, match=r"^loss is not finite$"):
        require_finite({"loss": NAN})
    with pytest.raises(NotFiniteError, match=r"^moments is not finite$"):
        require_finite({"outer": {"moments": [torch.tensor(NAN)]}})


def test_finite_numbers_and_other_values_pass() -> None:
    require_finite({"a": 1, "b": "nan", "c": None, "d": True, "e": torch.arange(3), "f": [{}, (1.0, "inf")]})


def test_the_first_task_that_is_not_finite_is_named() -> None:
    values = torch.zeros(4, 2)
    values[2, 1] = values[3, 0] = NAN
    with pytest.raises(NotFiniteError) as caught:
        require_finite_tasks("a score", values)
    assert (caught.value.quantity, caught.value.slot) == ("a score", 2)
    require_finite_tasks("a score", values[:2])
