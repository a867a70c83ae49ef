"""Imports everything for training and evaluation into the fork server, so that no child has to."""

import os
import signal

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")  # before torch and numpy are loaded

import numpy.random
import torch._dynamo  # optimisers import it at their first use

from mlrun.algorithms import algorithms
from mlrun.benchmarks import benchmarks
from mlrun.cli import main
from mlrun.training import evaluation, loop

__all__ = ["evaluation", "loop", "main", "numpy", "torch"]

for registry in (algorithms, benchmarks):
    for entry in registry.entries():
        registry.load(entry.name)

signal.signal(signal.SIGINT, signal.SIG_DFL)  # until mlrun in a child sets its own handler, which is the one to test
