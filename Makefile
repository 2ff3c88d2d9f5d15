# Every target does its own set-up: the environment is made once and made again only when the lock changes.
PYTHON ?= python3
VENV   ?= .venv
PY     := $(VENV)/bin/python
JOBS   ?= 2
READY  := $(VENV)/.ready

.PHONY: run test test-fast test-web test-browser test-long check fmt demo bench load lock clean

run: $(READY)
	$(PY) run.py $(ARGS)

test: $(READY) test-web
	$(PY) -m pytest -n $(JOBS) --dist worksteal $(ARGS)

# Tests that need no store: seconds.
test-fast: $(READY)
	$(PY) -m pytest -m "not stores" -n $(JOBS) -q $(ARGS)

# The browser client without a browser: needs Node, nothing else.
test-web:
	@if node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' 2>/dev/null; \
	then node --test tests/web/*.test.js; \
	else echo "Skipped tests/web: Node 18 or newer is not installed."; fi

# The browser client in Chromium against a real server: needs Node, npm and Chromium (or CONVENE_CHROMIUM).
test-browser: $(READY)
	cd tests/web && npm ci --silent
	CONVENE_PYTHON=$(abspath $(PY)) node --test --test-concurrency=1 tests/web/browser/*.test.js

test-long: $(READY)
	CONVENE_TEST_LONG=1 $(PY) -m pytest tests/end_to_end tests/server/test_openapi_fuzz.py $(ARGS)

check: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

fmt: $(READY)
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

demo: $(READY)
	$(PY) run.py demo $(ARGS)

bench: $(READY)
	$(PY) -m bench $(ARGS)

load: $(READY)
	$(PY) run.py load $(ARGS)

lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet pip-tools
	$(VENV)-lock/bin/pip-compile --quiet --no-header --generate-hashes --strip-extras --allow-unsafe \
	  --no-emit-index-url --no-emit-find-links --no-annotate --all-extras -o constraints.txt pyproject.toml
	sed -i '1i # Every dependency of every extra, pinned and hashed. Made by `make lock` from pyproject.toml.' constraints.txt
	rm -rf $(VENV)-lock

$(READY): constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "Convene needs Python 3.11, 3.12 or 3.13")'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
