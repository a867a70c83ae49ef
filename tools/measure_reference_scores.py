"""Measures the scores of reference policies and writes them to `mlrun/benchmarks/reference_scores.json`.

    PYTHONPATH=. python tools/measure_reference_scores.py
    PYTHONPATH=. python tools/measure_reference_scores.py ml1/reach-v3 ml1/push-v3

Without names it measures every benchmark of this package: on its held-out tasks, with its default settings. This takes
a minute or two. With names it measures those benchmarks, and the other scores in the file stay. Run it after you add a
benchmark, or change a reference policy.
"""

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import mlrun.benchmarks
from mlrun.benchmarks import benchmarks
from mlrun.benchmarks.descriptions import Scores

PATH: Final = Path(mlrun.benchmarks.__file__).with_name("reference_scores.json")
DECIMALS: Final = {"success_any": 3, "success_last": 3, "mse": 4}
RETURN_DIGITS: Final = 5


def measure(name: str) -> Scores:
    """Returns the rounded scores of a benchmark's reference policies, by the names of policy and score."""
    benchmark = benchmarks.load(name)(benchmarks.entry(name).config.model_validate({"name": name}))
    policies = benchmark.reference_scores(benchmark.test_tasks)
    return {
        policy: {score: rounded(score, value) for score, value in scores.items()} for policy, scores in policies.items()
    }


def rounded(score: str, value: float) -> float:
    """Rounds a score. A return gets five significant digits, in one to four decimals."""
    digits_before_point = math.floor(math.log10(abs(value) or 1)) + 1
    return round(value, DECIMALS.get(score, min(max(1, RETURN_DIGITS - digits_before_point), 4)))


def main(names: Sequence[str]) -> None:
    """Measures the named benchmarks, or all of this package, and writes the file."""
    scores = json.loads(PATH.read_text(encoding="utf-8"))
    for name in names or [entry.name for entry in benchmarks.entries()]:
        print(name, flush=True)
        scores[name] = measure(name)
    PATH.write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
