# `make` alone lists the targets. Everything runs in .venv, made on first use.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# The same, with what only the longer tests need.
READY_CI := $(VENV)/.ready-ci
# Spark 3.5 does not support pandas 3: an environment of its own, with pandas 2.
VENV_SPARK  ?= .venv-spark
READY_SPARK := $(VENV_SPARK)/.ready
# xgboost and numpy threads are chosen by --jobs, never by the machine's core count.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help install check format test test-wheel container-test infra-test notebooks-test spark-test test-ci test-all run bench sample images lock jupyter clean

help:  ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; '$(PYTHON)' is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

$(READY_CI): $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev,images,notebooks,s3-server]'
	@touch $@

$(READY_SPARK): $(READY)
	$(PYTHON) -m venv $(VENV_SPARK)
	$(VENV_SPARK)/bin/pip install --quiet --disable-pip-version-check --editable '.[spark,tests]'
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
	# The house rules are `make check`'s.
	$(BIN)/pytest -q -n 2 --dist loadfile --ignore tests/architecture

test-wheel: $(READY)  ## What users start, from the built wheel in an environment of its own
	$(BIN)/python -m tests.wheel

container-test: $(READY_CI)  ## Build the images and run them, with podman (4 minutes)
	$(BIN)/pytest -q -m container tests/container

infra-test: $(READY)  ## Apply deploy/terraform to an AWS account on this machine, by deploy/AWS.md (7 minutes)
	$(BIN)/pytest -q -m infra tests/infrastructure

notebooks-test: $(READY_CI)  ## Execute the notebooks from clean kernels (2 minutes)
	$(BIN)/pytest -q -m notebooks tests/notebooks

# What reads and joins tables: where pandas 2 and 3 differ.
PANDAS_TESTS := tests/training/reading tests/training/risk/test_risk_outcomes.py \
	tests/training/joining tests/training/test_tables.py tests/training/test_tables_newest.py \
	tests/training/test_events.py

spark-test: $(READY_SPARK)  ## Score and train on Apache Spark, and read tables with pandas 2 (4 minutes)
	$(VENV_SPARK)/bin/pytest -q $(PANDAS_TESTS)
	$(VENV_SPARK)/bin/pytest -q -m 'spark and not soak' tests/spark

test-ci: $(READY_CI) $(READY_SPARK)  ## What is too long for `make test`
	# Two at once: each of them waits for half of its time, for podman, pip, Spark or Terraform.
	# The longest first.
	$(MAKE) --jobs=2 --output-sync=target infra-test spark-test container-test test-wheel notebooks-test
	$(BIN)/pytest -q -n 2 --dist worksteal -m 'slow and not soak'

test-all: check test test-ci  ## Everything, soaks too (far more than half an hour)
	$(BIN)/pytest -q -m soak
	$(VENV_SPARK)/bin/pytest -q -m 'spark and soak' tests/spark

run: $(READY)  ## Train, publish to an S3 on this machine, serve, and print a curl that works
	@$(BIN)/python deploy/local.py

bench: $(READY)  ## Measure how right and how fast, beside css-mini and others (half an hour)
	$(BIN)/python -m tests.benchmarks.quality
	$(BIN)/python -m tests.benchmarks.accuracy
	$(BIN)/python -m tests.benchmarks.scaling
	$(BIN)/python -m tests.benchmarks.scoring_sizes --quick
	$(BIN)/python -m tests.benchmarks.training_sizes --quick
	$(BIN)/python -m tests.benchmarks.engines
	$(BIN)/python -m tests.benchmarks.absolute
	$(BIN)/python -m tests.benchmarks.reference
	$(BIN)/python -m tests.benchmarks.requests_per_second
	$(BIN)/python -m tests.benchmarks.gateway_latency
	$(BIN)/python -m tests.benchmarks.prediction_job

images:  ## Build the images, with podman or docker
	deploy/images/build

# For the images' Python and Linux, on whatever machine this runs.
LOCKS := deploy/images/requirements
LOCK  := $(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url \
	--python-version 3.11 --python-platform linux --custom-compile-command 'make lock'

lock: $(READY_CI)  ## Choose the newest packages for the images, and pin them
	$(BIN)/python -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb")); \
	  print(*project["build-system"]["requires"], sep="\n")' | $(LOCK) -o $(LOCKS)/wheel.txt -
	$(LOCK) --extra serving -o $(LOCKS)/serving.txt pyproject.toml
	$(LOCK) --extra training -o $(LOCKS)/training.txt pyproject.toml
	$(LOCK) --extra gateway -o $(LOCKS)/gateway.txt pyproject.toml

sample: $(READY)  ## Write data/sample again, byte for byte
	$(BIN)/scorecard data sample --accounts 5000 --seed 2026 --out data/sample
	$(BIN)/scorecard data facts account_health --peers data/sample/peer_dims.csv --out data/sample/account_health
	$(BIN)/scorecard data facts customer_success_score --peers data/sample/peer_dims.csv --accounts 1000 \
	  --out data/sample/customer_success_score

# Jupyter starts as root, as in a container, only if it is told to.
AS_ROOT = $(if $(filter 0,$(shell id -u)),--allow-root)

jupyter: $(READY)  ## Open the notebooks; JUPYTER_FLAGS=--no-browser
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[jupyter]'
	$(BIN)/jupyter lab $(AS_ROOT) $(JUPYTER_FLAGS) notebooks

clean:  ## Remove what was built; keep .venv and .venv-spark
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
