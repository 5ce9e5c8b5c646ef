# Everything runs in .venv, made from requirements.lock; the stamp says that it is up to date, and for which modules: an
# editable installation remembers where each of them lies.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed-$(shell find src -name '*.py' | LC_ALL=C sort | cksum | cut -d ' ' -f 1)

.PHONY: help train test thorough check docs lock bench sanitize clean
.DELETE_ON_ERROR:

help:  ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

train: $(STAMP)  ## set up, then train on Fashion-MNIST (or the embedded garments) and report
	@$(BIN)/rowwise train

test: check  ## set up, check, then run the tests, in a process for each core (four at most)
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

thorough: $(STAMP)  ## the tests that `make test` leaves out, and what Hypothesis draws drawn anew
	@$(BIN)/python -m pytest -m "thorough or hypothesis" -n auto --maxprocesses 4 --dist worksteal

check: $(STAMP)  ## ruff (lint, format), mypy and import-linter, by pre-commit where this is a git checkout; tsc where it is
	@if git rev-parse --git-dir >/dev/null 2>&1; then PRE_COMMIT_HOME="$(CURDIR)/.venv/pre-commit" PATH="$(CURDIR)/$(BIN):$$PATH" pre-commit run --all-files; \
	else $(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports --no-logo --no-cache; fi
	@if npx --no-install tsc --version >/dev/null 2>&1; then npx --no-install tsc --project jsconfig.json && echo "tsc: the studio's page passed"; \
	else echo "tsc is not here (npm install --no-save typescript@5): the types of the studio's page are not checked" >&2; fi

docs: .venv/documents  ## the documentation as a site in two languages, without a network: site/index.html
	@for language in en ko; do $(BIN)/zensical build --strict --clean --config-file zensical.$$language.toml || exit 1; done
	@rm -rf site/images && cp -r docs/images site/images && cp docs/theme/start.html site/index.html && rm -f site/*/start.html
	@echo "Open site/index.html (its search asks for a server: $(BIN)/python -m http.server --directory site)."

sanitize: $(STAMP)  ## the native engine under AddressSanitizer, UBSan and ThreadSanitizer; allocations counted
	@TRIALS=1000 $(BIN)/python -m pytest -q -m '' tests/engine/test_native_sanitized.py

bench: $(STAMP)  ## ratios against the peers that are installed
	@$(BIN)/rowwise bench

lock: $(STAMP)  ## resolve requirements.lock anew, for Python 3.11 to 3.13
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --extra dev --no-annotate --no-header \
	  --no-emit-index-url --no-emit-find-links -o requirements.lock pyproject.toml

clean:  ## remove the environment and the caches
	rm -rf .venv site .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

$(STAMP): pyproject.toml requirements.lock $(wildcard src/rowwise/engine/native/*.h src/rowwise/engine/native/*.cpp src/rowwise/engine/native/CMakeLists.txt)
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else \
	  "rowwise needs Python 3.11, 3.12 or 3.13; %s is %d.%d. Name another: make PYTHON=python3.12 ..." % (sys.executable, *v))'
	@$(PYTHON) -m venv .venv || { echo "The venv module is not complete (on Debian: apt install python3-venv)." >&2; exit 1; }
	@$(BIN)/python install.py
	@$(BIN)/rowwise engines >&2
	@rm -f .venv/installed-*
	@touch $@

.venv/documents: $(STAMP) pyproject.toml
	@echo "Installing what builds the documentation ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock $$($(BIN)/python -c \
	  "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['docs'])")
	@touch $@
