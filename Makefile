# Thin targets over the `recipe` command. Set-up makes .venv in the checkout, once, and again when pins change.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Tests run in this many processes, each on one thread, file by file in order: the long ones come early.
WORKERS ?= 2
export DAGSTER_HOME ?= $(CURDIR)/dagster_home
export DAGSTER_DISABLE_TELEMETRY := 1

.DEFAULT_GOAL := help
.PHONY: help setup run up materialize sample later test lint types bench plugin constraints clean

help: ## show the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[api,platform,dev]'
	@touch $@

setup: $(READY) ## make .venv with pinned packages

run: setup ## set up, draw the sample studio, train, release, then serve Dagster UI and API until Ctrl-C
	@$(BIN)/recipe up --first

up: setup ## serve Dagster UI and API until Ctrl-C
	@$(BIN)/recipe up

materialize: setup ## the main job alone: read new shoots, train, release; FORCE=1 trains even if nothing changed
	@$(BIN)/recipe materialize

sample: setup ## draw the sample studio
	@$(BIN)/recipe sample

later: setup ## let the sample's last shoot arrive
	@$(BIN)/recipe sample --later

test: setup ## lint, types and all tests
	tests/install_tools.sh
	$(MAKE) --no-print-directory lint types
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: setup ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## mypy, strict
	$(BIN)/mypy

bench: setup ## benchmarks, each a ratio measured side by side
	@$(BIN)/python -m tests.bench

plugin: setup ## the Photoshop plugin, ready to load, in build/photoshop; SERVER=https://... fixes its server
	@$(BIN)/python -m api.photoshop build/photoshop $(if $(SERVER),--server '$(SERVER)')

constraints: setup ## write constraints.txt from what is installed
	$(BIN)/python -m pip freeze --exclude-editable | grep -v '^recipe' > constraints.txt

clean: ## remove .venv and everything that runs wrote, the sample and releases included
	rm -rf $(VENV)
	git clean -fdxq dagster_home
