# `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
VENV ?= .venv
HOST ?= 127.0.0.1
PORT ?= 3000
SEED ?= 42
DATASET ?= mnist
MODELS ?= models
FROM ?= digits-cnn
VARIANT ?= cpu
BASE ?= docker.io/library/python:3.11-slim
TEST_WORKERS ?= 2
EXAMPLES ?= 1000
MINUTES ?= 30
BIN := $(VENV)/bin

# No usage statistics leave the machine.
export BENTOML_DO_NOT_TRACK := true
export ORT_DISABLE_TELEMETRY := 1
export DATASET

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-19s %s\n", $$1, $$2}'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed and $(PYTHON) is $$($(PYTHON) -V): choose one with PYTHON="; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.serve: requirements/serve.txt | $(BIN)/python
	@echo "Installing the serving set into $(VENV): about 0.75 GB, once"
	$(BIN)/pip install --quiet --disable-pip-version-check -r $<
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(BIN)/python
	@echo "Installing what training and tests need into $(VENV): about 3.3 GB, once"
	$(BIN)/pip install --quiet --disable-pip-version-check -r $<
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@ $(VENV)/.serve

.PHONY: serve
serve: $(VENV)/.serve ## Serve the committed models on 127.0.0.1:3000 (HOST=, PORT=)
	@echo "Starting Rosenblatt on http://$(HOST):$(PORT) - open it in a browser, or try: curl -sS $(HOST):$(PORT)/predict -H 'content-type: application/json' -d @docs/examples/seven.json"
	@exec $(BIN)/python -m service.serve --host $(HOST) --port $(PORT)

.PHONY: test
test: $(VENV)/.dev ## Run the fast tests (TEST_WORKERS=)
	$(BIN)/python -m pytest -m "not slow and not thorough" --numprocesses $(TEST_WORKERS) --dist loadfile

# Slow tests measure times and memory, so they run one at a time. Tracing the branches doubles the
# time of many tests.
.PHONY: test-all
test-all: $(VENV)/.dev ## Run all tests, with branch coverage of all but training (TEST_WORKERS=)
	$(BIN)/python -m pytest -m "not slow" --numprocesses $(TEST_WORKERS) --dist loadfile --cov --cov-report=term
	$(BIN)/python -m pytest -m slow --cov --cov-append --cov-report=term

.PHONY: reliability
reliability: $(VENV)/.dev ## Run the tests of faults, slow ones too, and record them in docs/reliability.md
	$(BIN)/python -m pytest tests -m fault --fault-results docs/results/reliability.json
	$(BIN)/python -m scripts.docs

.PHONY: fuzz
fuzz: $(VENV)/.dev ## Fuzz every route by the OpenAPI document (EXAMPLES=1000 per operation)
	$(BIN)/python -m scripts.fuzz --examples $(EXAMPLES)

.PHONY: check
check: $(VENV)/.dev ## Formatter, linter, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: format
format: $(VENV)/.dev ## Format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: fit
fit: $(VENV)/.dev ## Train on a table (FILE=, TARGET=) or pictures (FILE=) of your own and write the models (MODELS=, FIT='--budget 60')
	@[ -n "$(FILE)" ] || { echo "Name the table and its column, or a folder of pictures: make fit FILE=churn.csv TARGET=churned"; exit 1; }
	$(BIN)/python -m training fit "$(FILE)" $(if $(TARGET),--target "$(TARGET)") $(if $(filter-out file,$(origin MODELS)),--out "$(MODELS)") $(FIT)

.PHONY: transfer
transfer: $(VENV)/.dev ## Retrain a served network on few labels (DATA=letters/ or digits, FROM=digits-cnn)
	@[ -n "$(DATA)" ] || { echo "Name pictures in a folder a class, or digits: make transfer DATA=letters/"; exit 1; }
	$(BIN)/python -m training transfer --from $(FROM) --data "$(DATA)" --out $(MODELS)

.PHONY: train
train: $(VENV)/.dev ## Train, export and write all four models (SEED=, DATASET=digits, MODELS=)
	$(BIN)/python -m training train --seed $(SEED) --out $(MODELS)

.PHONY: race
race: $(VENV)/.dev ## Race the guide's CNN recipe against ours, several seeds (about 15 minutes)
	$(BIN)/python -m training race

.PHONY: bench
bench: $(VENV)/.dev ## Measure the service against five peers and two floors (needs wrk; 40 minutes)
	$(BIN)/python -m benchmarks serving

.PHONY: soak
soak: $(VENV)/.dev ## Serve at half the capacity for half an hour, every answer checked (MINUTES=)
	$(BIN)/python -m benchmarks soak --minutes $(MINUTES)

.PHONY: evidence
evidence: $(VENV)/.dev ## Measure the guide: digits by labels, trees against networks (30 minutes)
	$(BIN)/python -m benchmarks evidence
	$(BIN)/python -m benchmarks fit || true # it says which bars are missed
	$(BIN)/python -m scripts.docs

.PHONY: bench-transfer
bench-transfer: $(VENV)/.dev ## Measure transfer learning on scikit-learn's digits (15 minutes)
	$(BIN)/python -m benchmarks transfer
	$(BIN)/python -m scripts.docs

.PHONY: bench-page
bench-page: $(VENV)/.dev ## Measure the page in Chromium (2 minutes)
	$(BIN)/python -m benchmarks page
	$(BIN)/python -m scripts.docs

.PHONY: docs
docs: $(VENV)/.dev ## Regenerate the generated pages
	$(BIN)/python -m benchmarks models
	$(BIN)/python -m scripts.docs

.PHONY: page-pictures
page-pictures: $(VENV)/.dev ## Take pictures of every view of the page (needs Chromium)
	$(BIN)/python -m scripts.page_pictures

.PHONY: bento
bento: $(VENV)/.serve ## Build the bento
	$(BIN)/bentoml build

.PHONY: dockerfile
dockerfile: $(VENV)/.serve ## Build the bento and render its Dockerfile to build/Dockerfile
	$(BIN)/python -m scripts.dockerfile build/Dockerfile

# Needs podman or docker, and any Python: no virtual environment.
.PHONY: image
image: ## Build the image, run it and check it (VARIANT=gpu, BASE=, RESULTS= for a file of figures)
	$(PYTHON) -m scripts.image --variant $(VARIANT) --base $(BASE) $(if $(RESULTS),--results "$(RESULTS)") $(IMAGE)

.PHONY: image-requirements
image-requirements: $(VENV)/.dev ## Find out what the image must install (needs strace)
	$(BIN)/python -m scripts.image_requirements

.PHONY: sbom
sbom: $(VENV)/.dev ## Write the bill of materials of the serving set and the models to build/sbom.cdx.json
	$(BIN)/python -m scripts.sbom build/sbom.cdx.json

.PHONY: lock
lock: $(VENV)/.dev ## Resolve requirements/*.txt anew
	scripts/lock

.PHONY: clean
clean: ## Remove the virtual environment and build products
	rm -rf $(VENV) build .coverage* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
