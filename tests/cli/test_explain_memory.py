"""`mlrun explain` of a learner that adapts by its memory."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

TINY = """
benchmark: {name: navigation2d, horizon: 8, evaluation_tasks: 6}
algorithm: {name: rl2, trial: {episodes: 2}, memory: {size: 5}}
policy: {hidden_sizes: [4]}
rollouts: {episodes_per_task: 2}
training: {iterations: 1, tasks_per_batch: 2}
evaluation: {episodes: 3}
"""


@pytest.fixture(params=["rl2", "varibad"])
def run(mlrun, tmp_path, request) -> str:
    (tmp_path / "tiny.yaml").write_text(TINY)
    overrides = () if request.param == "rl2" else ("--set", "algorithm={name: varibad}")
    return mlrun("train", "tiny.yaml", *overrides).out.strip()


def test_it_prints_the_error_by_step_of_the_trial_and_draws_it(mlrun, run):
    outcome = mlrun("explain", run)
    assert outcome.code == 0, outcome.err
    title, _, heading, head, *rows = outcome.out.splitlines()
    assert title.startswith("navigation2d, 6 test tasks; ")
    assert title.endswith(", checkpoint 1, 3 trials of 2 episodes each")
    assert heading.endswith("fitted to 12 training tasks")
    assert head.split("  ")[0] == "distance to the goal, mean"
    assert [row.split("  ")[0] for row in rows[:10]] == [
        "after 0 steps",
        "after 2 steps",
        "after 4 steps",
        "after 6 steps",
        "after 8 steps, 1 episode",
        "after 10 steps",
        "after 12 steps",
        "after 14 steps",
        "after 16 steps, 2 episodes",
        "of the mean goal",
    ]
    assert rows[10].endswith(".")
    assert rows[12:] == [f"{run}/plots/explain-memory.{kind}" for kind in ("png", "svg")]
    assert all(Path(path).stat().st_size for path in rows[12:])


def test_the_table_has_the_numbers_of_the_json(mlrun, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    table, report = mlrun("explain", run).out, json.loads(mlrun("explain", run, "--json").out)
    memory = report["memory"]
    assert memory["reading"] in table
    assert report["figures"] == []
    names = ("held_out", "training", "without_rewards")
    [middle] = [now for now in memory["by_step"] if now["step"] == 8]
    rows = {line.split("  ")[0]: line.split()[-3:] for line in table.splitlines()}
    assert rows["after 8 steps, 1 episode"] == [f"{middle[name]['mean']:.3g}" for name in names]
    assert rows["of the mean goal"] == [f"{memory['mean_goal'][name]:.3g}" for name in names]


def test_a_longer_trial_shows_the_ends_of_episodes_only(mlrun, run):
    outcome = mlrun("explain", run, "--steps", 3, "--split", "train")
    assert outcome.code == 0, outcome.err
    _, _, _, head, *rows = outcome.out.splitlines()
    assert "held-out" not in head
    assert [row.split()[1] for row in rows[:5]] == ["0", "8", "16", "24", "32"]
    assert rows[5].startswith("of the mean goal")
