# Everything here needs Python 3.11 or newer, make and git, nothing else.
.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help setup demo test test-fast check coverage docs bench soak clean

help:  ## Show what there is to make
	@grep -hE '^[a-z-]+: .*## |^[a-z-]+:  ## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: $(READY)  ## Make the virtual environment with the exact versions of constraints.txt
	@echo "heyx-bulk is ready. Now type:"
	@echo "  . $(BIN)/activate"

$(READY): pyproject.toml constraints.txt
	@python=; for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
		if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo "heyx-bulk needs Python 3.11 or newer: none is on the PATH." >&2; exit 1; fi; \
	echo "Creating the virtual environment $(VENV) with $$($$python --version) …"; \
	$$python -m venv --clear $(VENV)
	@echo "Installing heyx-bulk and the tools for its tests, about half a minute …"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(READY)  ## Upload a sample to the built-in sandbox, rerun what failed, export by tag
	@HEYX_BULK="$(CURDIR)/$(BIN)/heyx-bulk" DEMO="$(CURDIR)/demo" sh samples/demo.sh

test: check  ## Prove that it works (checks and tests, under four minutes)
	@$(BIN)/python -m pytest -q -n 3 --dist worksteal --ignore tests/architecture

test-fast: $(READY)  ## The quick tests alone, in under 40 s
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not e2e and not slow"

check: $(READY)  ## Types, style, and the house's own rules
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check --quiet || { echo "Not formatted: run $(BIN)/ruff format" >&2; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/architecture

coverage: $(READY)  ## Show which lines the tests run, also in the processes they start
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal --ignore tests/architecture --cov --cov-report term:skip-covered \
		--cov-report html:build/coverage
	@echo "Every line: build/coverage/index.html"

docs: $(VENV)/.docs  ## Write the reference from the code, and build the website in build/docs
	@$(BIN)/python -m tests.support.reference_pages
	@$(BIN)/zensical build --clean --strict
	@echo "Open build/docs/index.html, or with search: $(BIN)/python -m http.server --directory build/docs"

$(VENV)/.docs: $(READY)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt --editable '.[docs]'
	@touch $@

bench: $(READY)  ## Measure time and memory
	@for file in bench/*.py; do echo "$$file"; $(BIN)/python $$file || exit 1; done

soak: $(READY)  ## Try properties with new examples, then kill runs for five minutes (SECONDS=300 SEED=… to change)
	@$(BIN)/python -m pytest -q -n 2 --hypothesis-profile=random tests/property
	@$(BIN)/python -m tests.support.crash_runs $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

clean:  ## Take away everything that was made
	rm -rf $(VENV) demo build dist .coverage* *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
