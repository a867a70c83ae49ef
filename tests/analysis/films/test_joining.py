import numpy as np
import pytest

from mlrun.analysis.films.joining import joined


@pytest.mark.parametrize("axis", [0, 1])
def test_pictures_keep_their_order_with_white_between(axis):
    pictures = [np.full((2, 2, 3), number, dtype=np.uint8) for number in (10, 20, 30)]
    line = np.moveaxis(joined(pictures, axis, 1), axis, 0)[:, 0, 0]
    assert line.tolist() == [10, 10, 255, 20, 20, 255, 30, 30]
