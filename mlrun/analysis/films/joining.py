"""Making one picture of several."""

from collections.abc import Sequence
from typing import Final

import numpy as np

WHITE: Final = 255


def joined(pictures: Sequence[np.ndarray], axis: int, gap: int) -> np.ndarray:
    """Pictures (height, width, 3) with white between them.

    Args:
        pictures: of one width for a column, of one height for a row.
        axis: 0 for a column, 1 for a row.
        gap: pixels between two of them.
    """
    shape = list(pictures[0].shape)
    shape[axis] = gap
    white = np.full(shape, WHITE, dtype=np.uint8)
    return np.concatenate([part for picture in pictures for part in (white, picture)][1:], axis=axis)
