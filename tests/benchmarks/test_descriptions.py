from __future__ import annotations

import subprocess
import sys

import pytest

from mlrun.benchmarks.descriptions import describe_navigation2d, describe_sinusoid
from mlrun.benchmarks.navigation2d import Navigation2D
from mlrun.benchmarks.sinusoid import Sinusoid


def test_navigation2d_is_described_as_it_is() -> None:
    described, navigation = describe_navigation2d("navigation2d"), Navigation2D()
    assert (described.observation_size, described.action_size, described.horizon) == (2, 2, navigation.horizon)
    assert (described.train_tasks, described.test_tasks) == (None, len(navigation.test_tasks))
    check_scores(described.reference_scores, navigation.reference_scores(navigation.test_tasks))


def test_sinusoid_is_described_as_it_is() -> None:
    described, sinusoid = describe_sinusoid("sinusoid"), Sinusoid()
    assert (described.observation_size, described.action_size, described.horizon) == (1, 1, None)
    assert (described.train_tasks, described.test_tasks) == (None, len(sinusoid.test_tasks))
    check_scores(described.reference_scores, sinusoid.reference_scores(sinusoid.test_tasks))


def check_scores(stored: dict[str, dict[str, float]], measured: dict[str, dict[str, float]]) -> None:
    assert list(stored) == list(measured)
    for name, scores in measured.items():
        assert stored[name] == pytest.approx(scores, rel=1e-3), name


def test_descriptions_are_read_without_torch() -> None:
    code = "import sys, mlrun.benchmarks.descriptions; print({'torch', 'mujoco', 'numpy'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
