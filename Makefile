# styleguard-edu: type `make` for the list of commands.
# Without make (Windows, for example): README.md has the same steps as plain commands.

# The first of these that is Python 3.11, 3.12 or 3.13 is used.
PYTHON ?= python3 python3.13 python3.12 python3.11
# How many notebooks `make test` runs at the same time.
WORKERS ?= 2
# More options for JupyterLab, for example LAB_ARGS=--no-browser.
LAB_ARGS ?=
# Which notebooks `make course` runs: all of them if empty.
NOTEBOOKS ?=

.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.styleguard-ready
IN_RANGE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))

# The stamp holds the folder it was made in: an editable install does not survive a move or a copy.
# Nor does an environment survive the loss of the Python that it was made with.
ifneq ($(shell $(PY) -c "" 2>/dev/null && cat $(STAMP) 2>/dev/null),$(CURDIR))
$(STAMP): FORCE
endif

.PHONY: help setup lab course test test-unit test-notebooks clean FORCE
.NOTPARALLEL:

help:
	@echo "make setup    create .venv with everything the course needs (instant if it is up to date)"
	@echo "make lab      open the course in JupyterLab, at notebooks/00_start_here.ipynb"
	@echo "make course   run every notebook and write the results as web pages to build/course"
	@echo "make test     prove that the package and every notebook work"
	@echo "make clean    remove .venv and build"
	@echo
	@echo "lab, course and test run setup first where it is needed."

setup: $(STAMP)
	@echo "== Ready. Next: make lab"

$(STAMP): pyproject.toml constraints.txt
	@rm -f $(STAMP)
	@if ! $(PY) -c "import pip; $(IN_RANGE)" 2>/dev/null; then \
	    python=; \
	    for candidate in $(PYTHON); do \
	        if $$candidate -c "$(IN_RANGE)" 2>/dev/null; then python=$$candidate; break; fi; \
	    done; \
	    if [ -z "$$python" ]; then \
	        echo "Python 3.11, 3.12 or 3.13 is needed; found none under the names: $(PYTHON)." >&2; \
	        echo "Install one, or say where it is: make setup PYTHON=/path/to/python3.12" >&2; \
	        exit 1; \
	    fi; \
	    echo "== Creating $(VENV) with $$($$python --version)"; \
	    $$python -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }; \
	fi
	@echo "== Installing the packages (about 2 GB on disk; a few minutes the first time)"
	@$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@echo "== Looking for the MNIST digits (optional: the course also has its own)"
	-@$(PY) -m styleguard_edu.datasets --optional
	@echo "$(CURDIR)" > $(STAMP)

# Only the update check is switched off: a class of thirty laptops does not need thirty notices.
lab: $(STAMP)
	$(PY) -m jupyterlab notebooks/00_start_here.ipynb --ServerApp.root_dir="$(CURDIR)" \
	    --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate $(LAB_ARGS)

course: $(STAMP)
	@$(PY) scripts/run_course.py $(NOTEBOOKS)

test: test-unit test-notebooks

test-unit: $(STAMP)
	@echo "== Unit tests"
	@$(PY) -m pytest tests

test-notebooks: $(STAMP)
	@echo "== Notebooks: every cell runs, and the outputs the text relies on are compared"
	@$(PY) -m pytest --nbval-lax --nbval-current-env --nbval-cell-timeout=120 \
	    --dist loadscope -n $(WORKERS) notebooks

clean:
	rm -rf $(VENV) build
