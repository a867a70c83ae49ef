# The front door. `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFIG ?= configs/maml_reach.yaml
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help install install-dev train test test-slow lint types check format bench chaos clean

help:  ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

install: $(VENV)/.installed  ## Create .venv and install mlrun with the pinned versions

install-dev: $(VENV)/.installed-dev  ## The same, with what tests and checks need

train: install  ## Meta-train configs/maml_reach.yaml (another: make train CONFIG=... ARGS=...)
	@$(BIN)/mlrun train $(CONFIG) $(ARGS)

test: install-dev  ## Run the test suite
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 -m 'not slow'

test-slow: install-dev  ## Run what compiles kernels the first time: the physics of the GPU, on the CPU where there is none
	@$(BIN)/python -m pytest -m slow

lint: install-dev  ## Check style, formatting, and that imports go down from room to room
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports --no-cache --no-logo

types: install-dev  ## Check types
	@$(BIN)/pyright

check: lint types  ## Lint and types

format: install-dev  ## Rewrite the code in the project's format
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

bench: install  ## Measure speed beside the physics engine alone and other packages
	@$(BIN)/mlrun bench $(CONFIG)

chaos: install-dev  ## Kill, signal, damage and crowd mlrun for half an hour (shorter: make chaos ARGS="--kills 10 ...")
	@$(BIN)/python -m tests.chaos $(ARGS)

clean:  ## Remove .venv and caches; runs/ is kept
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
	find mlrun tests -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "mlrun needs Python >= 3.11; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.installed: $(BIN)/python pyproject.toml constraints.txt
	$(INSTALL) --editable '.[plot,video]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(INSTALL) --editable '.[dev]'
	@touch $@
