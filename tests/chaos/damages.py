"""Damaged or malicious checkpoints and run directories."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlrun.config import dump_experiment
from tests.chaos.batches import in_batches, watched
from tests.chaos.checkpoint_mutations import CANARY, CHECKPOINTS
from tests.chaos.ground import Ground, Tally, experiments
from tests.chaos.processes import run as run_process
from tests.chaos.run_mutations import damage_file, damage_structure

_BATCH = 25
_CASES = ("maml-navigation2d", "meta-sgd-sinusoid", "reptile-sinusoid", "promp-navigation2d", "maml-sinusoid")
_VERBS = {
    "resume": (["resume"], (0, 1, 2, 3)),
    "eval": (["eval"], (0, 1, 2, 3)),
    "show": (["runs", "show"], (0, 2)),
    "rm": (["runs", "rm", "--yes"], (0, 1, 2, 4)),
}


def run(ground: Ground, count: int) -> Tally:
    """Damages runs, and resumes, evaluates, lists, shows and deletes them."""
    tally, place = Tally(), ground.place("damages")
    cases = _CASES[: 1 + count // 10]
    _make_runs(cases, place / "whole")
    _restore(place)
    items = [f"{ground.seed}/{number}" for number in range(count)]
    for result in in_batches(try_one, items, place, _BATCH):
        tally.done += 1
        for verb, code in result.get("codes", {}).items():
            tally.note(f"{verb} {code}")
        tally.failures += [f"{result.get('how', '')}: {wrong}; item {result['item']}" for wrong in result["wrong"]]
    return tally


def _make_runs(cases: Sequence[str], place: Path) -> None:
    """Trains runs for four of six iterations, and evaluates each."""
    place.mkdir()
    for name in cases:
        config = place / "config.yaml"
        config.write_text(dump_experiment(experiments(4)[name]))
        trained = run_process(["train", config, "--runs-dir", place / "runs"], place)
        path = Path(trained.out.strip())
        run_process(["eval", path], place)
        text = (path / "config.yaml").read_text().replace("iterations: 4", "iterations: 6")
        (path / "config.yaml").write_text(text)
        manifest = path / "run.json"
        manifest.write_text(manifest.read_text().replace(path.name, name))
        path.rename(place / name)
    shutil.rmtree(place / "runs")


def try_one(item: str, place: Path) -> dict[str, Any]:
    """Damages a copy of a run, and runs four command lines on it."""
    rng = random.Random(item)
    runs = place / "runs"
    shutil.rmtree(runs, ignore_errors=True)
    whole = rng.choice([path for path in sorted((place / "whole").iterdir()) if path.is_dir()])
    victim = runs / whole.name
    shutil.copytree(whole, victim, symlinks=True)
    outside = place / "outside"
    how = _damage(victim, outside, rng)
    before = snapshot(outside)
    codes, wrong = {}, []
    for verb in (*rng.sample(("resume", "eval", "show"), 2), *rng.sample(("rm", "resume"), 1)):
        words, allowed = _VERBS[verb]
        codes[verb], found = watched([*words, str(victim), "--runs-dir", str(runs)], codes=allowed)
        wrong += found
    wrong += watched(["runs", "ls", "--runs-dir", str(runs)], codes=(0,))[1]
    if snapshot(outside) != before:
        wrong.append("a file outside the run was touched")
        _restore(place)
    if Path(CANARY).exists():
        wrong.append("code has run")
        Path(CANARY).unlink()
    return {"codes": codes, "wrong": wrong, "how": how}


def _damage(victim: Path, outside: Path, rng: random.Random) -> str:
    if rng.random() < 0.5:
        change = rng.choice(CHECKPOINTS)
        paths = sorted((victim / "checkpoints").glob("*.pt"))
        for path in paths if rng.random() < 0.6 else paths[-1:]:
            change(path, rng)
        return change.__name__
    return rng.choice((damage_file, damage_file, damage_structure))(victim, outside, rng)


def _restore(place: Path) -> None:
    outside = place / "outside"
    shutil.rmtree(outside, ignore_errors=True)
    shutil.copytree(place / "whole" / _CASES[0], outside / "run", symlinks=True)
    (outside / "file.txt").write_text("not to be touched")


def snapshot(directory: Path) -> dict[str, tuple[Any, ...]]:
    """The state of everything in a directory, by relative path: mode, size, time of change, content, link target."""
    return {str(path.relative_to(directory)): _state(path) for path in sorted(directory.rglob("*"))}


def _state(path: Path) -> tuple[Any, ...]:
    status = path.lstat()
    content = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(status.st_mode) else None
    target = os.readlink(path) if path.is_symlink() else None
    return status.st_mode, status.st_size, status.st_mtime_ns, content, target
