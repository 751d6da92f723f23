# `make run` starts the panel, `make test` tests it, `make lint` checks it. CONTRIBUTING.md says more.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
# Three at once by default: many tests start real processes and wait for them; more would starve each other.
WORKERS ?= 3
APPS := controlpanel deployments gateway chat sandbox
PRESENT := $(wildcard $(APPS))

# Where Python is told to write no bytecode, every worker would compile every file anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run install test test-postgres test-vllm test-agents lint format bench screenshots chromium clean

run: $(VENV)/.runtime
	@exec $(BIN)/python manage.py up

install: $(VENV)/.dev

test: $(VENV)/.dev chromium
	$(PYTEST) -n $(WORKERS) --dist worksteal -m "not vllm" $(ARGS)

test-postgres: $(VENV)/.dev chromium
	$(BIN)/python -m tests.postgres $(PYTEST) -n $(WORKERS) --dist worksteal -m "not vllm" $(ARGS)

test-vllm: $(VENV)/.dev
	bash tests/vllm/run.sh

# A coding agent from npm before a cold server; needs npm.
test-agents: $(VENV)/.dev
	$(BIN)/python -m tests.agents.opencode

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(PRESENT)
	$(BIN)/lint-imports
	$(BIN)/djade --target-version 5.2 --check $$(find templates -name '*.html')
	$(BIN)/djlint templates --lint --quiet

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djade --target-version 5.2 $$(find templates -name '*.html')

bench: $(VENV)/.dev
	@set -e; for file in $$(find bench -name 'bench*.py' | sort); do echo "== $$file"; $(BIN)/python "$$file"; done

# Pictures of every page of a panel that is started for them, into screenshots/; DOCS=1 renews those of the documents.
screenshots: $(VENV)/.dev chromium
	DOCS=$(DOCS) $(BIN)/python -m bench.screenshots

# The browser tests use the distribution's Chromium; CHROMIUM_PATH names another one.
chromium:
	@sh tools/find_chromium.sh

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# The stamps are keyed on the files' contents: an unchanged file is never installed twice, also after a checkout
# that touched its time.
$(VENV)/.runtime: requirements.txt
	@sh tools/install.sh "$(PYTHON)" $(VENV) requirements.txt
	@touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt
	@sh tools/install.sh "$(PYTHON)" $(VENV) requirements-dev.txt
	@touch $@
