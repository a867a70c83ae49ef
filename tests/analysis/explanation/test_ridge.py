from __future__ import annotations

import pytest
import torch

from mlrun.analysis.explanation.ridge import decode
from mlrun.randomness import RandomKey


def samples(key: RandomKey, count: int, *shape: int) -> torch.Tensor:
    return torch.randn(count, *shape, generator=key.generator(), dtype=torch.float64)


def test_a_linear_target_is_found_at_any_scale_and_offset_of_the_features(key: RandomKey) -> None:
    features = samples(key, 120, 4) * torch.tensor([1e-4, 1.0, 50.0, 0.0]) + 7
    weight = torch.tensor([[1e4, 0.0], [1.0, -1.0], [0.0, 0.1], [3.0, 3.0]], dtype=torch.float64)
    targets = features @ weight - 2
    decoded = decode(features[:100], targets[:100], torch.arange(100), features[100:])
    torch.testing.assert_close(decoded.new, targets[100:], atol=1e-3, rtol=0)
    torch.testing.assert_close(decoded.held_out, targets[:100], atol=1e-3, rtol=0)


def test_features_that_tell_nothing_give_the_mean(key: RandomKey) -> None:
    """The penalty shrinks a map from noise, though it could fit these samples exactly."""
    features, targets = samples(key, 60, 80), samples(key.child("targets"), 60, 2) + 5
    decoded = decode(features[:50], targets[:50], torch.arange(50), features[50:])
    mean = targets[:50].mean(0)
    assert ((decoded.new - mean).norm(dim=1) < 0.3 * (targets[50:] - mean).norm(dim=1).mean()).all()


@pytest.mark.parametrize("groups", [2, 3, 12])
def test_what_is_known_of_a_group_alone_does_not_help(key: RandomKey, groups: int) -> None:
    """The features are one number per group, in a place of its own: they tell which group it is, and no more."""
    of_group = samples(key, groups, 2)
    group = torch.arange(groups).repeat_interleave(10)
    features = torch.eye(groups, dtype=torch.float64)[group]
    together = decode(features, of_group[group], group, features)
    apart = decode(features, of_group[group], torch.arange(len(group)), features)
    assert (together.held_out - of_group[group]).norm(dim=1).mean() > 0.5
    assert (apart.held_out - of_group[group]).norm(dim=1).mean() < 0.01


def test_a_sample_is_decoded_without_its_group(key: RandomKey) -> None:
    features, targets = samples(key, 30, 3), samples(key.child("targets"), 30, 1)
    group = torch.arange(30) // 3
    first = decode(features, targets, group, features[:0]).held_out
    changed = torch.where((group == 4).unsqueeze(1), targets + 100, targets)
    second = decode(features, changed, group, features[:0]).held_out
    fold = group % 5 == 4
    assert not torch.isclose(first[~fold], second[~fold]).any()
    torch.testing.assert_close(
        *(decode(features[~fold], values[~fold], group[~fold], features[fold]).new for values in (targets, changed))
    )
