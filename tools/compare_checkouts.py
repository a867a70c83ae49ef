"""Compares what two checkouts compute: metrics and evaluations of every shipped configuration, digit by digit.

    python tools/compare_checkouts.py BEFORE AFTER [CONFIG...]

BEFORE and AFTER are directories of checkouts; CONFIGs are names such as maml_reach, by default all of BEFORE's. Both
sides use the Python that runs this script, with its installed packages, on one thread. Each configuration is trained
for two meta-iterations with an evaluation after each, and then evaluated on the held-out tasks. Times and the id of
the run are left out of the comparison. A key that only BEFORE has is a difference; one that only AFTER has is named on
standard error. Last, the checkout AFTER looks at and continues the run that BEFORE has made. The exit code is 1 if
anything differs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SHORT = ["training.iterations=2", "training.evaluate_every=1"]


def main() -> int:
    """Compare, and print a line for each configuration."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("config", nargs="*")
    arguments = parser.parse_args()
    names = arguments.config or sorted(path.stem for path in (arguments.before / "configs").glob("*.yaml"))
    different = 0
    with tempfile.TemporaryDirectory() as scratch:
        for name in names:
            problems = compare(name, arguments.before.resolve(), arguments.after.resolve(), Path(scratch))
            different += bool(problems)
            print(f"{name}: {'; '.join(problems) if problems else 'equal, and the old run goes on'}", flush=True)
    print(f"{len(names) - different} of {len(names)} configurations are equal")
    return 1 if different else 0


def compare(name: str, before: Path, after: Path, scratch: Path) -> list[str]:
    """What differs in one configuration, in words."""
    runs = [train(checkout, name, scratch) for checkout in (before, after)]
    (rows, evaluation), (new_rows, new_evaluation) = (
        results(run, co) for run, co in zip(runs, (before, after), strict=True)
    )
    problems = [
        f"metrics of iteration {row['iteration']}" for row, new in zip(rows, new_rows, strict=False) if row != new
    ]
    problems += [f"evaluation: {key}" for key in evaluation if evaluation[key] != new_evaluation.get(key)]
    for key in new_evaluation.keys() - evaluation.keys():
        print(f"{name}: the evaluation has a new key, {key}", file=sys.stderr)
    if len(rows) != len(new_rows) or not rows:
        problems.append(f"{len(rows)} and {len(new_rows)} rows of metrics")
    return problems + continue_old_run(runs[0], after, rows)


def train(checkout: Path, name: str, scratch: Path) -> Path:
    """The directory of a short run."""
    settings = [*SHORT, *([] if "sinusoid" in name else ["threads=1"])]
    options = [argument for setting in settings for argument in ("--set", setting)]
    config = checkout / "configs" / f"{name}.yaml"
    return Path(mlrun(checkout, "train", str(config), *options, "--runs-dir", str(scratch)).strip())


def results(run: Path, checkout: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A run's rows of metrics, and its evaluation, without times and names."""
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    evaluation = json.loads(mlrun(checkout, "eval", str(run), "--json"))
    return [timeless(row) for row in rows], {key: value for key, value in evaluation.items() if key != "run"}


def timeless(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what the clock decides."""
    return {key: value for key, value in row.items() if not (key.startswith("time") or key.endswith("per_second"))}


def continue_old_run(run: Path, checkout: Path, rows: list[dict[str, Any]]) -> list[str]:
    """What goes wrong when a checkout looks at, and continues, a run that another one has made."""
    try:
        mlrun(checkout, "eval", str(run), "--steps", "1")
        mlrun(checkout, "runs", "show", str(run), "--json")
        mlrun(checkout, "runs", "export", str(run))
        mlrun(checkout, "report", str(run))
        config = run / "config.yaml"
        config.write_text(config.read_text().replace("iterations: 2", "iterations: 3"))
        mlrun(checkout, "resume", str(run))
    except subprocess.CalledProcessError as error:
        return [f"the old run: {error.stderr.strip().splitlines()[-1]}"]
    continued, _ = results(run, checkout)
    return [] if continued[:2] == rows and len(continued) == 3 else ["the old run was not continued"]


def mlrun(checkout: Path, *arguments: str) -> str:
    """What a command of a checkout prints."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "mlrun", *arguments]
    done = subprocess.run(command, cwd=checkout, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
