# Everything a developer or CI does, by name. `make demo` and `make test` need only Python 3.11 and make.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
UV := $(BIN)/uv

.PHONY: install compiled demo test faults soak bench docs lint types format lock clean
.DEFAULT_GOAL := install

install: compiled ## put biolatch and its tools into .venv

compiled: $(INSTALLED)
	$(BIN)/python -m deploy.compiled.build

$(INSTALLED): requirements/uv.txt requirements/dev.txt pyproject.toml clients/python/pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . --editable clients/python
	touch $(INSTALLED)

demo: compiled ## the main job, live, on an embedded Apache Kafka
	$(BIN)/biolatch demo

test: compiled ## the default tests, on a real Apache Kafka that they start themselves
	$(BIN)/python -m pytest -n 2 --dist loadfile

faults: compiled ## workers, broker, network and disk hurt, and judged, and 1,000,000 simulated events; within 45 minutes
	FAULTS_SIZE=faults $(BIN)/python -m pytest --session-timeout=2100 tests/faults
	$(BIN)/python -m tests.faults.campaign_figures
	SIMULATION_EVENTS=1000000 $(BIN)/python -m pytest -n 2 --session-timeout=600 tests/simulation/test_worlds.py

soak: compiled ## the same for hours: 100 kills and more of each kind
	FAULTS_SIZE=soak $(BIN)/python -m pytest tests/faults
	$(BIN)/python -m tests.faults.campaign_figures

bench: compiled ## events per second, latency, cost and how it grows, beside two baselines; with BENCH= also kept and drawn
	$(BIN)/biolatch bench --scaling $(if $(BENCH),--save $(BENCH)/bench.json)
	$(if $(BENCH),$(BIN)/biolatch bench-chart $(BENCH)/bench.json $(BENCH)/bench-light.svg)
	$(if $(BENCH),$(BIN)/biolatch bench-chart $(BENCH)/bench.json $(BENCH)/bench-dark.svg --dark)

docs: $(INSTALLED) ## the reference pages, JSON Schemas and the client's models that are drawn from the code
	$(BIN)/python -m deploy.reference
	$(BIN)/biolatch schema export schemas/json

lint: $(INSTALLED) ## ruff and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: $(INSTALLED) ## both type checkers, strict
	$(BIN)/mypy
	$(BIN)/basedpyright

format: $(INSTALLED)
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

lock: $(INSTALLED) ## renew the lock files: hashes, and no download address
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --upgrade pyproject.toml -o requirements/runtime.txt
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --upgrade -c requirements/runtime.txt --group dev pyproject.toml -o requirements/dev.txt
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --upgrade --group fuzz -o requirements/fuzz.txt
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --upgrade --group supply-chain -o requirements/supply-chain.txt

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
