"""What the fork server imports: all that training and evaluating will need, so that no child imports it again."""

import os
import signal

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")  # before torch and numpy are loaded

import numpy.random
import torch._dynamo  # which optimisers import when they are first used

from mlrun.algorithms import algorithms
from mlrun.benchmarks import benchmarks
from mlrun.cli import main
from mlrun.training import evaluation, loop

__all__ = ["evaluation", "loop", "main", "numpy", "torch"]

for registry in (algorithms, benchmarks):
    for entry in registry.entries():
        registry.load(entry.name)

signal.signal(signal.SIGINT, signal.SIG_DFL)  # until a child has come to mlrun, whose answer to it is what counts
