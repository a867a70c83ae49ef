from __future__ import annotations

import torch

from mlrun.analysis.explanation.layers import layer_vectors
from mlrun.analysis.explanation.movement import distance, relative_distance


def test_distances_are_those_of_a_layer_s_weights_and_biases_together() -> None:
    layers = {"hidden 1": ["0.weight", "0.bias"], "head": ["1.weight"]}
    before = {"0.weight": torch.tensor([[[3.0, 0.0]], [[0.0, 0.0]]]), "0.bias": torch.tensor([[4.0], [0.0]])}
    after = {name: tensor + 1 for name, tensor in before.items()}
    start, end = layer_vectors(before, layers), layer_vectors(after, layers)
    assert list(start) == ["hidden 1"]
    expected = torch.full((2,), 3.0, dtype=torch.float64).sqrt()
    torch.testing.assert_close(distance(start["hidden 1"], end["hidden 1"]), expected)
    relative = relative_distance(start["hidden 1"], end["hidden 1"])
    torch.testing.assert_close(relative[0], expected[0] / 5)
    assert relative[1].isnan()
