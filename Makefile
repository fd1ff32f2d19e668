# Verbs of this checkout. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
STORED ?= 1000000
STAMP  := $(VENV)/.installed
CODE   := domain ingest projections api grafana moments tests examples benchmarks deploy
PRESENT = $(wildcard $(CODE))

.PHONY: help setup up test test-pure test-engines test-system lint format types bench soak secrets docs lock clean

help: ## list these verbs
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(STAMP) ## make .venv with the locked packages and the `moments` command

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

up: setup ## start the whole platform with a living demonstration chain on http://127.0.0.1:8080
	$(BIN)/moments up --demo

test: lint types ## everything: lint, types, and every test (pure, on real engines, whole system)
	$(BIN)/python -m pytest -m "not soak"

test-pure: setup ## only the tests without engines or processes (seconds)
	$(BIN)/python -m pytest tests/pure -m "not soak"

test-engines: setup ## only the tests on SQLite and chDB
	$(BIN)/python -m pytest tests/engines -m "not soak"

test-system: setup ## only the tests that start real processes
	$(BIN)/python -m pytest tests/system -m "not soak"

lint: setup ## ruff over everything
	$(BIN)/ruff check $(PRESENT)

format: setup ## let ruff mend what it can
	$(BIN)/ruff check --fix $(PRESENT)

types: setup ## mypy, strict
	$(BIN)/mypy

soak: setup ## the long seeded runs: 1,000 rounds of kills in the server mode (hours)
	MOMENTS_SOAK_ROUNDS=1000 $(BIN)/python -m pytest tests/system/test_server_mode.py -k kills
	$(BIN)/python -m pytest -m soak --timeout=0

secrets: setup ## write the passwords that docker-compose.yml reads, once
	$(BIN)/python deploy/secrets.py

bench: setup ## measure and write docs/benchmarks.md, with STORED=1000000 events stored before
	$(BIN)/python -m benchmarks.run --stored $(STORED)

docs: setup ## write the pages that are generated from the code
	$(BIN)/python -m moments.cli.reference > docs/command.md.new
	mv docs/command.md.new docs/command.md

lock: setup ## write what is installed now into requirements.lock
	$(BIN)/python -m pip freeze --exclude-editable --all --disable-pip-version-check \
	  | grep -Ev '^(pip|moments)[ =@]' | LC_ALL=C sort -f > requirements.lock.new
	mv requirements.lock.new requirements.lock

clean: ## remove caches and run-time data of this checkout (not .venv)
	rm -rf data .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
