# Verbs of this checkout. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
STORED ?= 1000000
SEEDS  ?= 1-1000
QUICK  := -m "not soak and not load"
# Tests that need no process of their own share the cores; those with a broker or processes have them to themselves.
ALONE  := $(QUICK) --numprocesses=2 --dist=loadfile
STAMP  := $(VENV)/.installed
CODE   := domain ingest projections api grafana moments tests examples benchmarks deploy
PRESENT = $(wildcard $(CODE))

.PHONY: help setup up test test-pure test-engines test-system lint format types bench bench-kafka load soak secrets docs lock clean

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
	$(BIN)/python -m pytest $(ALONE) tests/pure tests/engines --ignore=tests/engines/kafka
	$(BIN)/python -m pytest $(QUICK) tests/engines/kafka tests/system

test-pure: setup ## only the tests without engines or processes (seconds)
	$(BIN)/python -m pytest $(ALONE) tests/pure

test-engines: setup ## only the tests on SQLite, chDB, PostgreSQL and Kafka
	$(BIN)/python -m pytest $(ALONE) tests/engines --ignore=tests/engines/kafka
	$(BIN)/python -m pytest $(QUICK) tests/engines/kafka

test-system: setup ## only the tests that start real processes
	$(BIN)/python -m pytest $(QUICK) tests/system

lint: setup ## ruff over everything
	$(BIN)/ruff check $(PRESENT)

format: setup ## let ruff mend what it can
	$(BIN)/ruff check --fix $(PRESENT)

types: setup ## mypy, strict
	$(BIN)/mypy

soak: setup ## the long seeded runs: 1,000 seeds of trouble in the server mode (hours); SEEDS=401-500 for some of them
	MOMENTS_SEEDS=$(SEEDS) $(BIN)/python -m pytest tests/system/faults/test_seeds.py
	$(BIN)/python -m pytest -m soak --timeout=0

load: setup ## two million events, two projectors, the broker killed in the middle: every total exact (half an hour)
	$(BIN)/python -m pytest tests/system/test_load.py -m load -s

secrets: setup ## write the passwords that docker-compose.yml reads, once
	$(BIN)/python deploy/secrets.py

bench: setup ## measure and write docs/benchmarks.md, with STORED=1000000 events stored before
	$(BIN)/python -m benchmarks.run --stored $(STORED)

bench-kafka: setup ## measure relay and projector beside bare kafka-python clients and write docs/benchmarks-kafka.md
	$(BIN)/python -m benchmarks.kafka

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
