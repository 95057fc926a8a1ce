# Everything a person types. `make help` lists it.

SHELL := /bin/sh
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517
# More workers than this and the databases, not the tests, are what is busy.
WORKERS ?= auto

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test lint format pins clean

help: ## show what can be typed
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

run: $(VENV)/ready ## start a demo community on http://127.0.0.1:8000 (PORT=8123 changes the port)
	@$(BIN)/kettle run --port $(PORT) || test $$? -eq 130

test: $(VENV)/ready-dev ## set everything up and run every test (ARGS="tests/threads -x" runs some)
	@$(BIN)/python tests/tools/prepare.py
	@$(BIN)/python -m pytest -q -n $(WORKERS) --maxprocesses 4 --dist worksteal --durations 10 $(ARGS)

lint: $(VENV)/ready-dev ## formatter check, linter, types, import rules, template checks
	@failed=; \
	check() { echo "$$*" | sed 's|^$(BIN)/||'; "$$@" || failed=yes; }; \
	check $(BIN)/ruff format --check --quiet .; \
	check $(BIN)/ruff check --quiet .; \
	check $(BIN)/mypy; \
	check $(BIN)/lint-imports --no-cache; \
	check $(BIN)/djlint --lint --quiet templates; \
	test -z "$$failed" && echo "All is well."

format: $(VENV)/ready-dev ## tidy the Python
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format .

pins: $(VENV)/ready-dev ## write constraints.txt anew from what is installed
	@$(BIN)/python tests/tools/pins.py

clean: ## take away what these commands made, except people's words in instance/
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---------------------------------------------------------------- how the environment is made

$(VENV)/ready: requirements.txt constraints.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what Kettle needs (about a minute the first time) ..."
	@$(PIP) -c constraints.txt -r requirements.txt
	@$(PIP) --no-deps --editable .
	@touch $@

$(VENV)/ready-dev: requirements-dev.txt $(VENV)/ready
	@echo "Installing what the tests need ..."
	@$(PIP) -c constraints.txt -r requirements-dev.txt
	@touch $@

# A .venv that came from another machine, or whose Python has gone, is made anew.
ifneq ($(shell $(BIN)/python -c '' 2>/dev/null && test -x $(BIN)/pip && echo works),works)
.PHONY: $(VENV)/bin/python
$(shell rm -f $(VENV)/ready $(VENV)/ready-dev)
endif

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Kettle needs Python 3.11 or newer; '$(PYTHON)' is not. Install it, or say where it is: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "Installing python3-venv ..."; \
			{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y python3-venv; } >.apt.log 2>&1 || { \
				cat .apt.log; rm -f .apt.log; echo "python3-venv could not be installed; the lines above say why."; exit 1; }; \
			rm -f .apt.log; \
		else \
			echo "This Python cannot make virtual environments yet. On Debian or Ubuntu type: sudo apt install python3-venv"; exit 1; \
		fi; }
	@$(PYTHON) -m venv --clear $(VENV)
