# Everything a clone needs. Each target first sets up what it runs on, so any of them can come first.
#
#   PYTHON=...    the Python to build the environment with (3.11 or 3.12)
#   VENV=...      the folder of that environment
#   CHROMIUM=...  the browser that the tests drive
#   ARGS=...      handed on to demo, lab, test, unit and bench

VENV ?= .venv
PYTHON ?=
ARGS ?=
BIN := $(VENV)/bin
READY := $(VENV)/.ready

export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup demo lab doctor test unit check format bench constraints clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## the virtual environment with everything in it (about 6 GB)

$(READY): pyproject.toml constraints.txt scripts/setup.sh
	bash scripts/setup.sh "$(VENV)"
	@touch $@

demo: $(READY)  ## spin the flywheel on real images, in the terminal
	$(BIN)/workbench demo $(ARGS)

lab: $(READY)  ## open the first notebook in JupyterLab
	$(BIN)/workbench lab $(ARGS)

doctor: $(READY)  ## what works on this machine, and how to mend what does not
	$(BIN)/workbench doctor

test: $(READY)  ## every test, those in a real browser too
	CHROMIUM="$$(bash scripts/browser.sh "$(VENV)")" && export CHROMIUM && $(BIN)/python -m pytest $(ARGS)

unit: $(READY)  ## the tests that need no browser
	$(BIN)/python -m pytest -m "not browser" $(ARGS)

check: $(READY)  ## ruff, mypy, the rules of the house, notebooks without outputs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_notebooks.py

format: $(READY)  ## let ruff lay out the code and mend what it can
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: $(READY)  ## every benchmark, each with its goal beside it
	set -e; for topic in benchmarks/[a-z]*.py; do \
	    $(BIN)/python -m "benchmarks.$$(basename "$$topic" .py)" $(ARGS); \
	done

constraints: $(READY)  ## resolve the pinned versions anew
	bash scripts/constraints.sh "$(VENV)"

clean:  ## remove what the targets made; the data home stays
	rm -rf "$(VENV)" .venv-ci .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	    .import_linter_cache build dist out
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
