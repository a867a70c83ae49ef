"""The scripted expert that grasps the puck and brings it to a goal, for every problem about the puck."""

from typing import Final

import torch
from torch import Tensor

_GAIN: Final = 10.0  # action per metre of error
_GRASP_HEIGHT: Final = 0.035  # metres from puck to hand when the fingers are beside the puck
_LOW: Final = 0.015  # metres above that from which on the fingers may close
_BESIDE: Final = 0.02  # metres between hand and puck, seen from above, within which they may close
_FUNNEL_RADIUS: Final = 0.015  # metres between them within which the hand may come down
_FUNNEL_SLOPE: Final = 5.0  # metres up per metre farther away
_FUNNEL_TOP: Final = 0.1  # metres
_CLOSED: Final = 0.72  # gripper opening with the puck between the fingers


def carry_puck(observation: Tensor, goal: Tensor) -> Tensor:
    """The action (worlds, 4) that brings the puck nearer to the goal, from wherever the hand and the puck are.

    The hand comes down on the puck in a funnel: the farther away sideways, the higher it stays. With the puck between
    the fingers it closes them, and once they hold, it moves by what the puck lacks. A puck that slips is grasped again.

    Args:
        observation: (worlds, 39)
        goal: (worlds, 3)
    """
    hand, opening, puck = observation[:, :3], observation[:, 3], observation[:, 4:7]
    descent = puck - hand
    descent[:, 2] += _GRASP_HEIGHT
    aside = torch.linalg.vector_norm(descent[:, :2], dim=-1)
    surrounded = (aside < _BESIDE) & (descent[:, 2] > -_LOW)
    held = surrounded & (opening < _CLOSED)
    descent[:, 2] += (_FUNNEL_SLOPE * (aside - _FUNNEL_RADIUS)).clamp(0.0, _FUNNEL_TOP)
    move = torch.where(held[:, None], goal - puck, descent)
    grip = torch.where(surrounded, 1.0, -1.0)
    return torch.cat((_GAIN * move, grip[:, None]), dim=-1)
