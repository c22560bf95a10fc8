# Two commands do all the set-up: `make run` and `make test`. Both make their own virtual environment first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CACHE ?= $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)
ARGS ?=

.PHONY: run test quick lint types check clean system-test

run: $(VENV)/run.stamp  ## the service for this machine and the local network, on the embedded models
	$(BIN)/sottovoce serve --lan $(ARGS)

# All of it, the longest tests too, with SOTTOVOCE_TEST_ALL set, as CI does; none may be skipped then.
test: $(VENV)/test.stamp system-test  ## real speech, sockets, sound card and browser
	$(BIN)/python -m pytest $(if $(SOTTOVOCE_TEST_ALL),,-m "not long") $(ARGS)

quick: $(VENV)/test.stamp  ## what takes seconds
	$(BIN)/python -m pytest -m "not slow and not browser and not device" $(ARGS)

lint: $(VENV)/test.stamp
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/test.stamp
	$(BIN)/mypy

check: export SOTTOVOCE_TEST_ALL = 1
check: lint types test  ## what CI runs, the longest tests too

# Debian packages only where nothing else can serve: PortAudio and a sound card made of software, a browser, Node.
system-test:
	@tests/install-system-packages

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check -q -e '.[embedded]'
	@touch $@

$(VENV)/test.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check -q -e '.[embedded,test,distil,bench]'
	@touch $@ $(VENV)/run.stamp

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache
