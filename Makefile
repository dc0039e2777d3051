# Each stamp holds the folder it was made in, so that a copied or moved checkout sets itself up again.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run demo test soak check format ci bench lock clean FORCE

PY := .venv/bin/python
CODE := $(wildcard src tests examples benchmarks tools)
TYPED := $(wildcard src tests/typing examples benchmarks tools)
SIZED := $(wildcard src examples benchmarks tools)
export PYTHON UV UPGRADE

stale = $(if $(and $(wildcard $(PY)),$(filter $(CURDIR),$(shell cat .venv/$(1)-ready 2>/dev/null))),,FORCE)

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: .venv/run-ready ## Audit this machine's Python with four worker processes (DIR=~/src: a tree of your own)
	@$(PY) -m examples.audit_python $(if $(DIR),--dir "$(DIR:~/%=$(HOME)/%)")

demo: .venv/run-ready ## Let four things go wrong in a fleet, and see what health and top say of it
	@$(PY) -m examples.demo

test: .venv/dev-ready ## Run the tests on all cores (ARGS="-k claim": only some)
	$(PY) -m pytest -n auto $(ARGS)

soak: .venv/dev-ready ## Kill workers at random and check that nothing is lost (MINUTES=60: for so long)
	@$(PY) -m tests.crash.soak --minutes $(or $(MINUTES),10)

check: .venv/dev-ready ## Check format, lint, types, import layers and sizes; changes nothing
	$(PY) -m ruff format --check $(CODE)
	$(PY) -m ruff check $(CODE)
	$(PY) -m mypy $(TYPED)
	$(PY) .venv/bin/lint-imports --no-logo
	$(PY) tools/sizes.py $(SIZED)

format: .venv/dev-ready ## Format the code and mend what the linter can
	$(PY) -m ruff check --fix-only --quiet $(CODE)
	$(PY) -m ruff format $(CODE)

ci: check test ## What CI runs: check, then test

bench: .venv/run-ready ## Measure against raw sqlite3 and other queues (LARGE=1: ten million tasks)
	@$(PY) -m benchmarks $(if $(LARGE),--large)

lock: .venv/tools-ready ## Resolve the dependencies again (UPGRADE=1: to the newest)
	@tools/lock.sh

clean: ## Remove .venv, caches and build output
	rm -rf .venv build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find $(CODE) -name __pycache__ -prune -exec rm -rf {} +

.venv/dev-ready: $(call stale,dev)
.venv/run-ready: $(call stale,run)
.venv/tools-ready: $(call stale,tools)
.venv/%-ready: requirements/%.lock pyproject.toml tools/setup.sh
	@tools/setup.sh $*
	@echo "$(CURDIR)" > $@
