# Needs Python 3.11 or newer (with venv and pip) and make; everything else is installed.
PYTHON ?= python3
BIN := .venv/bin
# Without the tests of the clone and of other environments.
WHEEL_TESTS ?= --ignore tests/docs/test_docs.py --ignore tests/integration -k "not singer_check_tap"

WORKFLOWS := $(wildcard .github/workflows/*.yml)
DBT := .venv-dbt/bin/dbt
DBT_PROJECT := --project-dir transform --profiles-dir transform
SCHEMA := $(BIN)/uvx --quiet check-jsonschema@0.39.0 --builtin-schema

# Modules are compiled once, not in each process that the tests start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo demo-postgres demo-models scale-demo test test-ci test-all test-scale test-pythons test-wheel chromium check check-workflows sbom bench docs site format clean

demo: .meltano/.ready  ## load CXone rows from the simulator into DuckDB, and answer questions with them
	@$(BIN)/python -c "import duckdb" || { echo "make demo needs Python 3.11 to 3.13: make clean, \
	then make demo PYTHON=python3.13. DuckDB's loader has no wheel for a newer one."; exit 1; }
	$(BIN)/python -m demo.run duckdb

demo-postgres: .meltano/.ready .targets/postgres/.ready  ## the same with a PostgreSQL that runs only meanwhile
	$(BIN)/python -m demo.run postgres

# dbt's log and results are in transform/logs and transform/target.
demo-models: .venv-dbt/.ready  ## build and test the dbt models of transform/ in the warehouse of `make demo`
	@test -x .venv-dbt/bin/dbt || { echo "make demo-models needs Python 3.11 to 3.13, as make demo does."; exit 1; }
	@test -e output/warehouse.duckdb || { echo "make demo-models needs the rows of make demo: run that first."; exit 1; }
	CXONE_WAREHOUSE=$(CURDIR)/output/warehouse.duckdb $(DBT) source freshness $(DBT_PROJECT) --select "+path:models/marts"
	CXONE_WAREHOUSE=$(CURDIR)/output/warehouse.duckdb $(DBT) build $(DBT_PROJECT)

scale-demo: .venv/.ready .scale/airflow/.ready .scale/loader/.ready  ## six simulated tenants under Airflow with two workers: about six minutes on two cores
	$(BIN)/python -m tests.scale.demo

test: .venv/.ready .venv-judge/.ready .meltano/.ready .targets/postgres/.ready .scale/airflow/.ready  ## run the fast tests in about four minutes on two cores, and print the branch coverage
	$(BIN)/python -m slipcover --json --out .coverage.json -m pytest --numprocesses=auto --dist=worksteal
	$(BIN)/python -m slipcover --merge .coverage.json --out .coverage.json --fail-under 95

test-ci: .venv/.ready .venv-judge/.ready .meltano/.ready .targets/postgres/.ready  ## run the other tests that a change must pass
	$(BIN)/pytest --numprocesses=auto --dist=worksteal -m "ci and not slow"

test-scale: .venv/.ready .scale/airflow/.ready .scale/loader/.ready  ## run sixty shards under Airflow, with failures: about eighteen minutes on two cores
	$(BIN)/pytest -m scale -p no:cacheprovider tests/scale

test-all: .venv/.ready .venv-judge/.ready .meltano/.ready .targets/postgres/.ready .targets/snowflake/.ready .venv-dbt/.ready  ## run the slow tests too
	$(BIN)/pytest --numprocesses=auto --dist=worksteal -m "not scale" --hypothesis-profile=all

test-pythons: test test-ci  ## run the tests of CI on every supported Python of this machine
	@set -e; interpreters=$$($(BIN)/python -m tests.support.pythons); for found in $$interpreters; do \
		environment=.venv-$${found%%=*}; echo "Python $${found%%=*}"; \
		UV_PROJECT_ENVIRONMENT=$$environment $(BIN)/uv sync --python $${found#*=} \
			--compile-bytecode --quiet --locked --all-extras; \
		$$environment/bin/pytest --numprocesses=auto --dist=worksteal -m "not slow" -p no:cacheprovider; \
	done

chromium:  ## install the browser of the tests of cxone-report (Debian, as root)
	command -v chromium >/dev/null || { apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium; }

check: .venv/.ready  ## check style, types and import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

check-workflows: .venv/.ready  ## .github and meltano.yml against their schemas, and the security of workflows
	$(SCHEMA) vendor.github-workflows $(WORKFLOWS)
	$(SCHEMA) vendor.dependabot .github/dependabot.yml
	$(SCHEMA) vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(SCHEMA) vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/idea.yml
	$(SCHEMA) vendor.meltano meltano.yml
	$(BIN)/uvx --quiet zizmor@1.32.0 --offline --quiet .github

test-wheel: .venv/.ready  ## build the wheel, and run the tests against it
	rm -rf dist && mkdir -p dist/there
	$(BIN)/uv build --quiet --out-dir dist
	$(BIN)/uv venv --quiet --python $(BIN)/python dist/.venv
	$(BIN)/uv pip install --quiet --python dist/.venv/bin/python --group test \
		"tap-cxone[simulator] @ file://$(CURDIR)/$$(ls dist/*.whl)"
	dist/.venv/bin/tap-cxone --version
	dist/.venv/bin/cxone-simulator run --speed 100 -- dist/.venv/bin/tap-cxone --config ENV --test
	cp -R tests demo transform docs orchestrate .github pyproject.toml README.md CHANGELOG.md meltano.yml mkdocs.yml dist/there
	cd dist/there && ../.venv/bin/python -m pytest -n auto -m "not slow" -p no:cacheprovider $(WHEEL_TESTS)

sbom: .venv/.ready  ## write the packages of the tap and its extras, from uv.lock, to dist/sbom.cdx.json (CycloneDX)
	mkdir -p dist
	$(BIN)/uv export --quiet --locked --no-default-groups --all-extras --format cyclonedx1.5 --output-file dist/sbom.cdx.json > /dev/null

bench: .venv/.ready  ## measure speed and memory
	$(BIN)/python -m tests.benchmarks

docs: .venv/.ready  ## write the generated tables and meltano.yml
	$(BIN)/python -m tests.docs.document

site: .venv-site/.ready  ## build the documentation site into output/site, without a network; each link is checked
	NO_MKDOCS_2_WARNING=1 .venv-site/bin/mkdocs build --quiet --strict

format: .venv/.ready
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf .venv .venv-3.* .venv-judge .venv-site .venv-dbt .mkdocs/assets .scale .targets .meltano output transform/target transform/logs

# The DuckDB that target-duckdb needs has no wheel for Python 3.14: there the demo cannot run.
LOADABLE = $(shell $(BIN)/python -c 'import sys; sys.version_info < (3, 14) or print("tap-cxone target-jsonl")')

# The tap and the loaders, each in its own environment, as Meltano installs them.
.meltano/.ready: meltano.yml pyproject.toml .venv/.ready
	$(BIN)/meltano --log-level=warning install $(LOADABLE)
	touch $@

.venv/.ready: pyproject.toml uv.lock
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --compile-bytecode --quiet --locked --inexact --all-extras
	touch $@

.venv-dbt/.ready: pyproject.toml uv.lock .venv/.ready
	UV_PROJECT_ENVIRONMENT=.venv-dbt $(BIN)/uv sync --quiet --locked --only-group dbt
	touch $@

.venv-site/.ready: pyproject.toml uv.lock .venv/.ready .mkdocs/assets/mermaid.min.js
	UV_PROJECT_ENVIRONMENT=.venv-site $(BIN)/uv sync --quiet --locked --only-group docs
	touch $@

# Draws the diagrams of the site. No package of PyPI has it.
.mkdocs/assets/mermaid.min.js:
	mkdir -p .mkdocs/assets
	cd .mkdocs/assets && npm pack --silent mermaid@11.16.0 > /dev/null && \
	tar -xzf mermaid-11.16.0.tgz --strip-components 2 package/dist/mermaid.min.js && rm mermaid-11.16.0.tgz
	echo "74d7c46dabca328c2294733910a8aa1ed0c37451776e8d5295da38a2b758fb9b  $@" | sha256sum --check --quiet || { rm $@; exit 1; }
	touch $@

# singer-tools pins libraries that conflict with the SDK, so it has a separate environment.
.venv-judge/.ready: tests/judge.txt .venv/.ready
	$(BIN)/uv venv --quiet --allow-existing .venv-judge
	$(BIN)/uv pip install --quiet --python .venv-judge/bin/python -r tests/judge.txt
	touch $@

# The targets of the warehouses that the demo does not use, each in a separate environment.
# After a change of a .in: uv pip compile --universal --no-header --no-annotate X.in -o X.txt
.targets/%/.ready: tests/integration/%.txt .venv/.ready
	$(BIN)/uv venv --quiet --allow-existing .targets/$*
	$(BIN)/uv pip install --quiet --python .targets/$*/bin/python -r $<
	touch $@

# Airflow and the loader of orchestrate/airflow, each in a separate environment.
# After a change of a .in, there: uv pip compile --universal --python-version 3.11 --no-header --no-annotate X.in -o X.txt
.scale/%/.ready: orchestrate/airflow/%.txt .venv/.ready
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .scale/$*
	$(BIN)/uv pip install --quiet --compile-bytecode --python .scale/$*/bin/python -r $<
	touch $@
