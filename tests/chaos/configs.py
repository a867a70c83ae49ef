"""Mutated configurations: each fault must give an error message, and nothing else may happen."""

from __future__ import annotations

import functools
import itertools
import random
import shutil
from pathlib import Path
from typing import Any

import yaml

from mlrun.config import dump_experiment
from tests.chaos.batches import in_batches, watched
from tests.chaos.config_mutations import CANARY, mutated, mutated_setting
from tests.chaos.ground import Ground, Tally, experiments

_BATCH = 500
_TRAINED = 200  # one of this many configurations is trained, if enough are valid
_SHIPPED = Path(__file__).parents[2] / "configs"

_TINY = {
    "training": {"iterations": 1, "tasks_per_batch": 2},
    "policy": {"hidden_sizes": [4]},
    "network": {"hidden_sizes": [4]},
    "rollouts": {"episodes_per_task": 2},
    "evaluation": {"episodes": 2},
    "examples": {"shots": 2},
}
_TINY_BENCHMARKS: dict[str, dict[str, Any]] = {
    "ml1": {"num_tasks": 3, "horizon": 4},
    "navigation2d": {"evaluation_tasks": 3, "horizon": 4},
    "sinusoid": {"evaluation_tasks": 3},
}


def run(ground: Ground, count: int) -> Tally:
    """Validates or shows mutated configurations, and trains a few of the valid ones."""
    tally, place = Tally(), ground.place("configs")
    items = [f"{ground.seed}/{number}" for number in range(count)]
    valid = []
    for result in in_batches(try_one, items, place, _BATCH):
        tally.done += 1
        tally.note({0: "valid", 2: "refused"}.get(result.get("code", -1), "neither"))
        tally.failures += [_failed(result, wrong, place) for wrong in result["wrong"]]
        valid += [result["item"]] if result.get("code") == 0 else []
    some = valid[:: max(1, len(valid) * _TRAINED // max(1, count))] if valid else []
    for result in in_batches(train_one, some, place, 10):
        tally.note("trained" if result.get("code") == 0 else "refused when trained")
        tally.failures += [_failed(result, wrong, place) for wrong in result["wrong"]]
    return tally


def content_of(item: str) -> tuple[bytes, list[str], random.Random]:
    """The file of an item, its ``--set`` options, and its random numbers. They depend on the item only."""
    rng = random.Random(item)
    base = rng.choice(_bases())
    content = mutated(base, rng) if rng.random() < 0.9 else yaml.safe_dump(base).encode()
    settings = [mutated_setting(base, rng) for _ in range(rng.choice((0, 0, 0, 1, 2)))]
    return content, [word for setting in settings for word in ("--set", setting)], rng


def try_one(item: str, place: Path) -> dict[str, Any]:
    """Validates or shows one configuration."""
    content, settings, rng = content_of(item)
    home = place / "here"
    home.mkdir(exist_ok=True)
    (home / "mutated.yaml").write_bytes(content)
    verb = rng.choice(("validate", "validate", "show"))
    code, wrong = watched(["config", verb, str(home / "mutated.yaml"), *settings], codes=(0, 2))
    return {"code": code, "wrong": wrong + _strangers(place, home)}


def train_one(item: str, place: Path) -> dict[str, Any]:
    """Trains one valid configuration, with tiny sizes."""
    content, settings, _ = content_of(item)
    home = place / "here"
    (home / "mutated.yaml").write_bytes(content)
    shown = home / "valid.yaml"
    code, wrong = watched(["config", "validate", str(home / "mutated.yaml"), *settings], codes=(0,))
    from mlrun.config import load_experiment

    experiment = load_experiment(home / "mutated.yaml", settings[1::2])
    shown.write_text(dump_experiment(experiment))
    values = yaml.safe_load(shown.read_text())
    benchmark = _TINY_BENCHMARKS[values["benchmark"]["name"].partition("/")[0]]
    sizes = {**_TINY, "benchmark": benchmark}
    tiny = [f"{part}.{key}={value}" for part in sizes if part in values for key, value in sizes[part].items()]
    tiny = [setting for setting in tiny if "episodes=" not in setting or "episodes" in values["evaluation"]]
    overrides = list(itertools.chain.from_iterable(("--set", setting) for setting in [*tiny, "device=cpu"]))
    code, more = watched(["train", str(shown), "--runs-dir", str(home / "runs"), *overrides], codes=(0, 2, 3))
    shutil.rmtree(home / "runs", ignore_errors=True)
    return {"code": code, "wrong": wrong + more + _strangers(place, home)}


def _strangers(place: Path, home: Path) -> list[str]:
    """Finds and deletes files that should not exist. Returns what is wrong."""
    known = {home, home / "mutated.yaml", home / "valid.yaml"}
    known |= {place / name for name in ("results.jsonl", "watchdog.txt", "stdout.txt")}
    strangers = [path for path in place.rglob("*") if path not in known]
    code = [path.name for path in strangers if path.name == CANARY]
    wrong = [f"code has run: {code}"] if code else [f"files were written: {strangers}"] if strangers else []
    for path in strangers:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return wrong


@functools.cache
def _bases() -> list[dict[str, Any]]:
    texts = [path.read_text() for path in sorted(_SHIPPED.glob("*.yaml"))]
    texts += [dump_experiment(what) for what in experiments(2).values()]
    return [yaml.safe_load(text) for text in texts]


def _failed(result: dict[str, Any], wrong: str, place: Path) -> str:
    content, settings, _ = content_of(result["item"])
    evidence = place / f"{result['item'].replace('/', '-')}.yaml"
    evidence.write_bytes(content)
    return f"{wrong}; see {evidence} {' '.join(map(repr, settings))[:300]}"
