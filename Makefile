# Needs python3 (3.11 or later) and make; everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Half of the tests' time is waiting for processes: one more than the two cores that a CI machine has.
WORKERS ?= 3

.PHONY: help demo tour test storm check bench format docs picture clean

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /	/' | expand -t 10

demo: $(VENV)/runtime  ## a local Base44, a sample project and the daemon; the tour where there is no terminal
	@$(BIN)/connectord demo

tour: $(VENV)/runtime  ## the whole story, played and checked step by step
	@$(BIN)/connectord demo --tour

test: $(VENV)/dev  ## all tests (PYTEST_ARGS="-k plan" for some)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

storm: $(VENV)/dev  ## the storms at full size: 120 kills, half an hour of weather and upheavals
	CONNECTORD_STORM=15 $(BIN)/python -m pytest -n 2 --dist loadfile tests/storms $(PYTEST_ARGS)

check: $(VENV)/dev  ## ruff, mypy strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/bench  ## measure it, beside entr and chokidar (an hour; BENCH="idle commands" for some parts)
	$(BIN)/python -m tests.benchmarks --check $(BENCH)
	$(BIN)/python -m pytest -m bench tests/benchmarks
	$(BIN)/python -m tests.benchmarks $(BENCH)

format: $(VENV)/dev  ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/dev  ## write the table of docs/settings.md anew
	$(BIN)/python -m tests.support.settings_page

picture: $(VENV)/dev  ## draw docs/images/terminal.svg anew, from a real session (needs tmux)
	$(BIN)/python -m tests.support.terminal_picture

clean:  ## remove what make made
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit("connectord needs Python 3.11 or later, this is " + sys.version) if sys.version_info < (3, 11) else None'
	@echo "Making a virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@echo '*' > $(VENV)/.gitignore
	@touch $@

$(VENV)/runtime: $(VENV)/python pyproject.toml constraints.txt
	@echo "Installing connectord into $(VENV) (half a minute the first time) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/dev: $(VENV)/runtime
	@echo "Installing what the tests need into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(VENV)/bench: $(VENV)/dev
	@echo "Installing what the plots need into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	@touch $@
