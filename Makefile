# Needs Python 3.11 or newer (with venv and pip) and make; everything else comes by itself.
PYTHON ?= python3
BIN := .venv/bin
TARGETS := .targets/postgres/.ready .targets/snowflake/.ready

.PHONY: demo test test-all chromium check bench docs format clean

demo: .meltano/.ready  ## a warehouse with CXone rows in it, from nothing
	$(BIN)/python demo/run.py

test: .venv/.ready .venv-judge/.ready .meltano/.ready $(TARGETS)  ## everything that is proved in under three minutes
	$(BIN)/pytest --numprocesses=auto --dist=worksteal

test-all: .venv/.ready .venv-judge/.ready .meltano/.ready $(TARGETS)  ## the slow ones too
	$(BIN)/pytest --numprocesses=auto --dist=worksteal -m "slow or not slow"

chromium:  ## the browser in which the page of cxone-report is tested (Debian, as root)
	command -v chromium >/dev/null || { apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium; }

check: .venv/.ready  ## style, types, and which room may import which
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/.ready  ## speed, as ratios to a baseline in the same run
	$(BIN)/python -m tests.benchmarks

docs: .venv/.ready  ## the tables in README.md and the settings in meltano.yml
	$(BIN)/python -m tests.document

format: .venv/.ready
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf .venv .venv-judge .targets .meltano output

# The tap and the loaders, each in an environment of its own, as Meltano does for everybody.
.meltano/.ready: meltano.yml pyproject.toml .venv/.ready
	$(BIN)/meltano --log-level=warning install
	touch $@

.venv/.ready: pyproject.toml uv.lock
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --quiet --locked --inexact --all-extras
	touch $@

# singer-tools pins libraries that the SDK cannot live with: it judges from an environment of its own.
.venv-judge/.ready: tests/judge.txt .venv/.ready
	$(BIN)/uv venv --quiet --allow-existing .venv-judge
	$(BIN)/uv pip install --quiet --python .venv-judge/bin/python -r tests/judge.txt
	touch $@

# The warehouses' targets that the demo does without, each in an environment of its own too.
# After a change of a .in: uv pip compile --universal --no-header --no-annotate X.in -o X.txt
.targets/%/.ready: tests/targets/%.txt .venv/.ready
	$(BIN)/uv venv --quiet --allow-existing .targets/$*
	$(BIN)/uv pip install --quiet --python .targets/$*/bin/python -r $<
	touch $@
