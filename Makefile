# Every command of the house. Each sets up what it needs first and skips what is already done.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# The first Python from 3.11 up; `make run PYTHON=/path/to/python3` chooses another.
PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11; do \
	"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& echo "$$candidate" && break; done)

# Stamps carry the hash of what they were made from, so a changed pin installs again and nothing else does.
hash = $(firstword $(shell cat $(1) 2>/dev/null | cksum))
VENV := .venv/.made
RUN := .venv/.run-$(call hash,requirements/run.txt)
TEST := .venv/.test-$(call hash,requirements/run.txt requirements/test.txt)
ASSETS := referral_hub/web/static/build/.made-$(call hash,package-lock.json $(shell find assets referral_hub/web/assets -type f 2>/dev/null | LC_ALL=C sort))
NODE := { command -v npm && node -e 'process.exit(+process.versions.node.split(".")[0] < 18)'; } >/dev/null 2>&1
PIP := .venv/bin/python -m pip --disable-pip-version-check -qq install --require-virtualenv

.PHONY: help run test test-deep tamper town check bench bench-import fuzz-api search-at-scale mutants pictures format lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

run: $(RUN) $(ASSETS) ## start everything on this machine and print the address
	@exec .venv/bin/python -m referral_hub.cli run

test: $(RUN) $(TEST) $(ASSETS) ## run all tests; PYTEST='-k word' narrows them
	@.venv/bin/python -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(PYTEST)

test-deep: $(RUN) $(TEST) ## 100,000 cases to a second engine of the rules; SEED=2 for others
	@.venv/bin/python -m tests.second_engine $(or $(SEED),1) $(CASES)

tamper: $(RUN) $(TEST) ## 1,000 seeded changes behind the hub's back, all to be found; SEED=2 CASES=5000
	@.venv/bin/python -m tests.audit $(or $(SEED),1) $(CASES)

town: $(RUN) $(TEST) ## a year of a town on a simulated clock: nobody forgotten; SEED=2 REFERRALS=500
	@.venv/bin/python -m tests.town $(or $(SEED),1) $(REFERRALS)

fuzz-api: $(RUN) $(TEST) $(ASSETS) ## send requests made from the API's own description; EXAMPLES=500
	@FUZZ_EXAMPLES=$(or $(EXAMPLES),200) .venv/bin/python -m pytest tests/api/test_partner_guide.py -q -k schemathesis

check: $(RUN) $(TEST) ## lint, types, import directions, and models equal to migrations
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@.venv/bin/python -m referral_hub.cli check-migrations

bench: $(RUN) $(TEST) $(ASSETS) ## measure the goals as ratios within one run
	@.venv/bin/python -m benchmarks $(BENCH)

bench-import: $(RUN) $(TEST) ## import files of 100,000 visits; ROWS=10000 for a look
	@.venv/bin/python -m benchmarks.importing $(ROWS)

search-at-scale: $(RUN) $(TEST) ## time the officer's search over 5 million entries; ENTRIES=100000
	@.venv/bin/python -m benchmarks.searching $(if $(ENTRIES),--entries $(ENTRIES))

mutants: $(RUN) $(TEST) ## mutation tests; PACKAGE=access, consent, crypto or evidence
	@.venv/bin/python -m tests.mutation $(PACKAGE)

pictures: $(RUN) $(TEST) $(ASSETS) ## take the README's picture again (needs Chromium)
	@.venv/bin/python -m docs.pictures.make

format: $(TEST) ## put the code into the house's form
	@.venv/bin/ruff check --fix-only --quiet .
	@.venv/bin/ruff format --quiet .

lock: ## pin requirements/*.in again, with hashes and without addresses (needs uv)
	@for name in run test node; do uv pip compile --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet \
		requirements/$$name.in -o requirements/$$name.txt; done

clean: ## remove what was built here; keeps the data in ./var
	@rm -rf .venv node_modules referral_hub/web/static/build .mypy_cache .ruff_cache .pytest_cache

$(VENV):
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found. Install it, or: make run PYTHON=/path/to/python3"; exit 1; }
	@echo "· virtual environment"
	@"$(PYTHON)" -m venv .venv || { echo "Python's venv module is missing; on Debian and Ubuntu install python3-venv."; exit 1; }
	@touch $@

$(RUN): | $(VENV)
	@echo "· what the hub needs (requirements/run.txt)"
	@$(PIP) --require-hashes -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation --config-settings editable_mode=compat --editable .
	@rm -f .venv/.run-* && touch $@

$(TEST): | $(RUN)
	@echo "· what the tests need (requirements/test.txt)"
	@$(PIP) --require-hashes -r requirements/test.txt
	@rm -f .venv/.test-* && touch $@

$(ASSETS): | $(RUN)
	@echo "· front-end assets"
	@$(NODE) || $(PIP) --require-hashes -r requirements/node.txt
	@$(NODE) || PATH="$$PWD/.venv/bin:$$PATH"; \
		npm ci --silent --no-audit --no-fund --ignore-scripts && node assets/build.mjs
	@rm -f referral_hub/web/static/build/.made-* && touch $@
