# `make help` lists the targets; `make check` is what CI runs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
CHECKOV := $(VENV)-checkov/bin/checkov
export PYTHONDONTWRITEBYTECODE ?= 1

.DEFAULT_GOAL := help

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Create .venv with everything the platform needs

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || \
	  { echo "$(PYTHON) has no venv module: on Debian or Ubuntu, apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

up: setup ## Keep the platform running: Dagster UI, collector, embedded AWS
	$(BIN)/clickstream up

demo: setup ## Send a real access log through the whole platform and print what came out
	$(BIN)/clickstream demo

test: setup ## Run the test suite
	$(BIN)/python -m pytest --numprocesses 2 -m "not e2e"
	$(BIN)/python -m pytest -m e2e

bench: setup ## Measure our functions beside the documents' code; writes docs/bench and cost data
	$(BIN)/python -m tests.bench.handlers
	$(BIN)/python -m tests.bench.writes

bench-latency: setup ## Measure accepted to counted on a platform that `make up` keeps running
	$(BIN)/python -m tests.bench.latency

bench-lake: setup ## Measure compaction, queries before and after it, and the sensor's ticks
	$(BIN)/python -m tests.bench.lake

bench-backfill: setup ## Measure 720 hours in one run against one run for each hour
	$(BIN)/python -m tests.bench.backfill

bench-athena: setup ## Measure the embedded Athena beside DuckDB on the same files
	$(BIN)/python -m tests.bench.athena

bench-marts: setup ## Measure every mart for a day, for 30 days of a million events, and for an hour
	$(BIN)/python -m tests.bench.marts

bench-packages: setup ## Measure the functions' packages: sizes and cold imports
	$(BIN)/python -m tests.bench.packages

package: setup ## Build the functions' packages for AWS Lambda (arm64), the same bytes each time
	$(BIN)/clickstream package

soak: setup ## Send 200,000 events while everything fails, heal, compare every item; writes docs/bench
	$(BIN)/python -m tests.soak

fmt: setup ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/sqlfluff fix --quiet dbt_sql/models

lint: setup ## Lint Python, SQL and the workflow of GitHub
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/sqlfluff lint --disable-progress-bar dbt_sql/models
	$(BIN)/zizmor --offline --quiet --no-progress .github/workflows

types: setup ## Check types
	$(BIN)/mypy

defs: setup ## Load the Dagster definitions the way dg and dagster do
	$(BIN)/dg check defs

synth: setup ## Render the CloudFormation templates below infra/aws/cdk.out; needs Node.js, no account
	@command -v node >/dev/null || { echo "Node.js 22 or newer is needed: CDK's engine runs on it"; exit 1; }
	$(BIN)/python -m infra.aws.app $(CHOICES)

terraform: setup ## Write the Terraform module, infra/terraform/module, from the description
	$(BIN)/python -m infra.terraform

lint-terraform: setup $(CHECKOV) ## Have checkov search the module; it gets an environment of its own
	$(BIN)/python -m infra.terraform.scanning $(CHECKOV)

$(CHECKOV): infra/terraform/checkov.lock
	$(PYTHON) -m venv $(VENV)-checkov
	$(VENV)-checkov/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

check: lint types test defs ## Everything CI runs; the demo is among the tests

lock: setup ## Write requirements.lock anew: names and versions only
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras \
	  --no-emit-index-url --no-header --no-annotate pyproject.toml --output-file requirements.lock

clean: ## Remove the environment and generated files; the platform's state stays
	rm -rf $(VENV) $(VENV)-checkov infra/aws/cdk.out dbt_sql/target dbt_sql/logs .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: help setup up demo test bench bench-latency bench-lake bench-backfill bench-athena soak fmt lint types defs synth terraform lint-terraform check lock clean bench-packages package
