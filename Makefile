# The first target typed makes the environment; later ones find it there.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test ui lint format bench lock clean

demo: $(READY) ## Run the bundled pool from its partners' servers to open data
	$(BIN)/regie demo

test: $(READY) ## Every test
	$(BIN)/python -m pytest -n 2 --dist loadfile

ui: $(READY) ## Dagster on the instance that the demo wrote
	$(BIN)/regie ui

lint: $(READY) ## Format, rules, types, SQL, walls
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --disable-progress-bar -p 2 .

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## Speed and memory, as ratios in one run
	$(BIN)/python -m benchmarks.record_gate.run --rows 10000000
	$(BIN)/python -m benchmarks.warehouse.bench_models
	$(BIN)/python -m benchmarks.warehouse.bench_load
	$(BIN)/python -m benchmarks.portal.warm_check
	$(BIN)/python -m benchmarks.demo

lock: $(READY) ## Pin versions and hashes anew (needs uv); no address is written
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-strip-extras \
	  --custom-compile-command "make lock" -o requirements.lock

clean:
	rm -rf .regie build *.egg-info

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@
