"""How the files of a run are called."""

from typing import Final

CONFIG: Final = "config.yaml"
MANIFEST: Final = "run.json"
METRICS: Final = "metrics.jsonl"
CHECKPOINTS: Final = "checkpoints"
EVALUATIONS: Final = "eval"
PLOTS: Final = "plots"
VIDEOS: Final = "videos"
REPORT: Final = "report.html"
TENSORBOARD: Final = "tensorboard"
LOCK: Final = ".lock"
TASKS: Final = "tasks.json"
LOG: Final = "train.log"
DIVERGENCE: Final = "divergence.json"
