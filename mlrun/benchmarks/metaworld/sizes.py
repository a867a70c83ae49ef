"""How many numbers go in and come out of an ML1 environment."""

from typing import Final

ACTION_SIZE: Final = 4
FRAME_SIZE: Final = 18
OBSERVATION_SIZE: Final = 2 * FRAME_SIZE + 3  # this frame, the previous one, and the goal
