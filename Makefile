# Two commands: `make lab` opens the course, `make test` runs every check. Both set up .venv first, once.
# The first Python here that runs and is of a version we support.
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c '$(SUPPORTED)' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Small linear algebra is faster on one thread than on several.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: lab test test-machines check unit notebooks-test notebooks pages clean

lab: $(READY)
	$(BIN)/spectral-lab lab

test: check unit notebooks-test

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "spectral_lab needs Python 3.11 to 3.13. Try: make PYTHON=/path/to/python3.12"; exit 1; }
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(READY)
	$(BIN)/python -m pytest tests -n 2 --dist loadfile --jaxtyping-packages=spectral_lab,typechecker.check

notebooks-test: $(READY)
	$(BIN)/python -m pytest --nbval notebooks -n 2 --dist loadfile

# The mathematics and the notebooks on three imitated processors: nothing may depend on the last bits of a number.
test-machines: $(READY)
	$(BIN)/python tools/test_machines.py

# What is written from the chapters: the README's table, docs/claims.md, the map and the board in notebook 00.
pages: $(READY)
	$(BIN)/python tools/write_readme.py
	$(BIN)/spectral-lab claims --write
	$(BIN)/python tools/render_notebooks.py notebooks/00_start_here.ipynb

# Run the notebooks from a fresh kernel and store their outputs with still pictures of the explorers.
notebooks: $(READY)
	$(BIN)/python tools/render_notebooks.py
	$(BIN)/python tools/write_times.py

clean:
	rm -rf $(VENV) build *.egg-info
