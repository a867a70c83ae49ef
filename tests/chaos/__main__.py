"""``make chaos``: tests mlrun under kills, signals, bad input, damaged files, full disks and many starts at once."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.chaos import configs, damages, disk, kills, signals, starts
from tests.chaos.ground import Ground, Tally

_STAGES: dict[str, tuple[Callable[[Ground, int], Tally], int, str]] = {
    "starts": (starts.run, 200, "runs started at once"),
    "kills": (kills.run, 100, "SIGKILLs, over runs of all algorithms and kinds of problems"),
    "signals": (signals.run, 50, "SIGTERMs, and as many SIGINTs"),
    "disk": (disk.run, 16, "runs whose disk fills up; needs root, to mount a small one"),
    "configs": (configs.run, 10_000, "mutated configurations"),
    "damages": (damages.run, 1000, "mutated checkpoints and run directories"),
}


def main() -> int:
    """Runs the stages. Returns the exit code: 1 if anything failed."""
    options = _parser().parse_args()
    directory = Path(tempfile.mkdtemp(prefix="mlrun-chaos-"))
    ground = Ground(directory, options.seed)
    print(f"seed {options.seed}, in {directory}")
    failed = [name for name in _STAGES if getattr(options, name) and not _stage(name, getattr(options, name), ground)]
    if failed:
        print(f"FAILED: {', '.join(failed)}; the evidence is in {directory}")
        return 1
    shutil.rmtree(directory)
    print("all promises kept")
    return 0


def _stage(name: str, count: int, ground: Ground) -> bool:
    """Runs one stage and prints its result. Returns whether nothing failed."""
    run, _, _ = _STAGES[name]
    began = time.monotonic()
    tally = run(ground, count)
    notes = ", ".join(f"{what} {times}" for what, times in sorted(tally.notes.items()))
    print(f"{name:8} {tally.done} done, {len(tally.failures)} failed, {time.monotonic() - began:.0f} s ({notes})")
    for failure in tally.failures:
        print(f"  {failure}")
    sys.stdout.flush()
    return not tally.failures


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    for name, (_, count, what) in _STAGES.items():
        parser.add_argument(f"--{name}", type=int, default=count, metavar="N", help=f"{what} (default {count})")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random but the clock (default 0)")
    return parser


if __name__ == "__main__":
    os.nice(10)
    sys.exit(main())
