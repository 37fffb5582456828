# Journeyline. `make help` lists everything.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BENCH := .venv-bench
PY := $(VENV)/bin/python
export PYTHONPATH := $(CURDIR)
unexport PYTHONDONTWRITEBYTECODE   # where it is set, every process compiles all its imports again: twice as slow
export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export GX_ANALYTICS_ENABLED := false
export SCARF_ANALYTICS := false
export AIRFLOW__USAGE_DATA_COLLECTION__ENABLED := False
.DEFAULT_GOAL := help

# What can be chosen on the command line, for example `make run CUSTOMERS=500 NIGHTS=2`.
CUSTOMERS ?= 2000
HISTORY ?= 120
NIGHTS ?= 3
SEED ?= 7
ENGINE ?= airflow
DATE ?=
ARGS ?=
SAMPLES ?= ../shared/samples
ROOMS := warehouse connectors resolution expectations journeys simulator stack
CODE := $(ROOMS) dags tests benchmarks

$(VENV)/.ready: requirements.lock requirements-bootstrap.lock
	@echo "Installing into $(VENV) (a minute with a warm package cache) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock 2>/dev/null || true
	@$(VENV)/bin/uv pip sync -q --require-hashes --python $(PY) requirements.lock \
	  || $(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(BENCH)/.ready: requirements-bench.lock $(VENV)/.ready
	@echo "Installing the peers that benchmarks measure against into $(BENCH) ..."
	@$(PYTHON) -m venv $(BENCH)
	@$(VENV)/bin/uv pip sync -q --require-hashes --python $(BENCH)/bin/python requirements-bench.lock
	@touch $@

.PHONY: help env lock run up down night status psql url rollback report docs samples test test-unit test-database test-integration test-e2e \
	lint format bench clean
help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo

##@ See it work
run: env ## simulate a brand, run its nights through Airflow, print what was made (CUSTOMERS= NIGHTS= HISTORY= SEED=)
	@$(PY) -m stack run --customers $(CUSTOMERS) --nights $(NIGHTS) --history-days $(HISTORY) --seed $(SEED)
up: env ## leave warehouse and Airflow running with the UI (SCHEDULES=1: let the clock start runs)
	@$(PY) -m stack up $(if $(SCHEDULES),--schedules)
night: env ## run one night: DATE=2026-03-02 (ENGINE=cli: by the command lines, without Airflow)
	@test -n "$(DATE)" || { echo "Which night? For example: make night DATE=2026-03-02"; exit 2; }
	@$(PY) -m stack night "$(DATE)" --engine $(ENGINE)
down: env ## stop Airflow and the embedded warehouse
	@$(PY) -m stack down

##@ Look at it
status: env ## what runs, and what the last nights did
	@$(PY) -m stack status
url: env ## print the warehouse's address (with password)
	@$(PY) -m warehouse url
psql: env ## open psql on the warehouse
	@$(PY) -m stack psql
report: env ## write the HTML report of the last published night
	@$(PY) -m stack report
docs: env ## build dbt's model documentation and the data-quality documentation
	@$(PY) -m stack docs
rollback: env ## put back what BI read before the last publish
	@$(PY) -m warehouse rollback

samples: export JOURNEYLINE_HOME := $(CURDIR)/.journeyline/samples
samples: export JOURNEYLINE_EXPORTS := $(CURDIR)/.journeyline/samples/exports
samples: env ## load the platforms' real sample files (SAMPLES=folder) into a warehouse of their own, and list them
	@$(PY) tests/integration/connectors/deliver_samples.py "$(SAMPLES)" "$(JOURNEYLINE_EXPORTS)"
	@$(PY) -m warehouse migrate
	@$(PY) -m connectors pull --all --export-date 2025-05-12 || true
	@$(PY) -m connectors list
	@$(PY) -m warehouse stop

##@ Work on it
env: $(VENV)/.ready ## install everything into .venv
test: env test-unit test-database ## all tests: unit, then with a database: steps of nights and whole nights at once
test-unit: env
	@echo "Unit tests (no database) ..."
	@$(PY) -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not integration and not e2e" tests
test-database: env   # one session: whole nights (Airflow waits much) fill the gaps, and no worker idles between two parts
	@echo "Tests with a database (throw-away PostgreSQL), whole nights among them (real Airflow) ..."
	@$(PY) -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "integration or e2e" tests
test-integration: env
	@echo "Integration tests (throw-away PostgreSQL) ..."
	@$(PY) -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "integration and not e2e" tests
test-e2e: env
	@echo "End-to-end tests (whole nights, real Airflow) ..."
	@$(PY) -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m e2e tests
lint: env ## ruff, mypy, sqlfluff, and that every DAG file can be read
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/sqlfluff lint -q --processes 2 dbt_project/models
	@$(PY) -m stack check-dags
format: env ## let ruff and sqlfluff write the house style
	@$(VENV)/bin/ruff check -q --fix .
	@$(VENV)/bin/ruff format -q .
	@$(VENV)/bin/sqlfluff fix -q dbt_project/models
bench: env $(BENCH)/.ready ## measure loading speed against plain COPY and dlt (own environment in .venv-bench)
	@$(BENCH)/bin/python -m benchmarks.load $(ARGS)
lock: env ## compile requirements*.in into the lock files
	@for n in requirements requirements-bootstrap requirements-bench; do \
	  $(VENV)/bin/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --python-version 3.11 $$n.in -o $$n.lock; done
clean: ## stop everything and delete what was made at run time (.journeyline); the environment stays
	@if [ -e $(VENV)/.ready ]; then $(PY) -m stack clean; fi
	@rm -rf dbt_project/target dbt_project/logs .pytest_cache .mypy_cache .ruff_cache .hypothesis
