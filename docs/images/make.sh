#!/usr/bin/env bash
# Draws the README's pictures anew from a directory of runs: MAML, Meta-SGD and Reptile on reach, seeds 0 to 2, evaluated.
set -euo pipefail
runs=${1:?usage: docs/images/make.sh RUNS_DIR}
here=$(dirname "$0")

mlrun render "$(ls -d "$runs"/*-maml-reach-s0-*)" --task 1 --size 240x180 --fps 10 --speed 0.7 -o "$here/before-after.gif"
mlrun plot "$runs"/*-{maml,meta-sgd,reptile}-reach-s* --figure learning_curves --format png -o "$here"
mlrun plot "$runs"/*-maml-reach-s* --figure goal_map --format png -o "$here"
