"""Parameters layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from mlrun.parameters import Parameters

Layers = Mapping[str, Sequence[str]]
"""The names of the parameters that each layer has."""


def layer_vectors(parameters: Parameters, layers: Layers) -> dict[str, torch.Tensor]:
    """All numbers of a layer in one row per task, ``(tasks, numbers)``, on the CPU in float64.

    Args:
        parameters: tensors ``(tasks, ...)``. A layer without any is left out.
        layers: which belong together.
    """
    present = {layer: [name for name in names if name in parameters] for layer, names in layers.items()}
    return {
        layer: torch.cat([_rows(parameters[name]) for name in names], dim=1)
        for layer, names in present.items()
        if names
    }


def split_layers(layers: Layers) -> Layers:
    """Weights and biases of each layer by themselves: "hidden 1 weight", "hidden 1 bias", ..."""
    return {
        layer if len(names) == 1 else f"{layer} {name.rpartition('.')[2]}": [name]
        for layer, names in layers.items()
        for name in names
    }


def _rows(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().double().cpu().reshape(len(tensor), -1)
