# Journeyline. `make help` lists everything.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
PY := $(VENV)/bin/python
export PYTHONPATH := $(CURDIR)
export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export GX_ANALYTICS_ENABLED := false
export SCARF_ANALYTICS := false
export AIRFLOW__USAGE_DATA_COLLECTION__ENABLED := False
.DEFAULT_GOAL := help

$(VENV)/.ready: requirements.lock requirements-bootstrap.lock
	@echo "Installing into $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock 2>/dev/null || true
	@$(VENV)/bin/uv pip sync -q --require-hashes requirements.lock \
	  || $(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.PHONY: help env
help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'
env: $(VENV)/.ready ## install everything into .venv
lock: ## compile requirements*.in into the lock files
	@for n in requirements requirements-bootstrap requirements-bench; do \
	  $(VENV)/bin/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --python-version 3.11 $$n.in -o $$n.lock; done
