# styleguard-edu: type `make` for the list of commands.
# Without make (Windows, for example): README.md has the same steps as plain commands.

# The first of these that is Python 3.11, 3.12 or 3.13 is used.
PYTHON ?= python3 python3.13 python3.12 python3.11
# How many processes `make test` uses.
WORKERS ?= 2
# With a thread each, processes side by side do not wait for each other.
ONE_THREAD := OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1
# More options for JupyterLab, for example LAB_ARGS=--no-browser.
LAB_ARGS ?=
# Which notebooks `make course` runs: all of them if empty.
NOTEBOOKS ?=

.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
IN_RANGE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))

# A stamp says which packages are there: `test` includes those of `lab`, `dev` those of both.
STAMPS := $(VENV)/.ready-lab $(VENV)/.ready-test $(VENV)/.ready-dev
LAB := $(VENV)/.ready-lab
TEST := $(VENV)/.ready-test
DEV := $(VENV)/.ready-dev

# An editable install does not survive a move or a copy of this folder, nor an environment the loss
# of its Python. Whatever the folder's name holds, it is compared by the shell and never pasted.
SAME := $(shell $(PY) -c "" 2>/dev/null && pwd -P | cmp -s - $(VENV)/.folder && echo yes)
ifneq ($(SAME),yes)
$(STAMPS): FORCE
endif

# Where the home folder cannot be written, Jupyter and others put their own files here.
HOME_IS_WRITABLE := $(shell test -w "$$HOME" && echo yes)
ifneq ($(HOME_IS_WRITABLE),yes)
export JUPYTER_CONFIG_DIR := $(CURDIR)/$(VENV)/home/config
export JUPYTER_DATA_DIR := $(CURDIR)/$(VENV)/home/data
export JUPYTER_RUNTIME_DIR := $(CURDIR)/$(VENV)/home/runtime
export IPYTHONDIR := $(CURDIR)/$(VENV)/ipython
export MPLCONFIGDIR := $(CURDIR)/$(VENV)/home/matplotlib
endif

.PHONY: help setup lab course test test-unit test-notebooks doctest docs clean FORCE
.NOTPARALLEL:

help:
	@echo "make setup    create .venv with everything the course needs (instant if it is up to date)"
	@echo "make lab      open the course in JupyterLab, at notebooks/00_start_here.ipynb"
	@echo "make course   run every notebook and write the results as web pages to build/course"
	@echo "make test     prove that the package and every notebook work"
	@echo "make docs     write the reference of the package to build/docs"
	@echo "make clean    remove .venv and build"
	@echo
	@echo "All but the last run setup first where it is needed."

setup: $(LAB)
	@echo "== Ready. Next: make lab"

$(STAMPS): $(VENV)/.ready-%: pyproject.toml constraints.txt
	@rm -f $(STAMPS)
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
	@$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[$*]" || { \
	    echo "== The packages could not be installed; pip says above which one, and why." >&2; \
	    echo "== Nothing else is wrong. With network, run the same command again; it goes on where" >&2; \
	    echo "== it stopped. Without network, README.md says how to install from a folder." >&2; \
	    exit 1; \
	}
	@echo "== Looking for the MNIST digits (optional: the course also has its own)"
	-@$(PY) -m styleguard_edu.datasets --optional
	@pwd -P > $(VENV)/.folder
	@for name in lab test dev; do touch $(VENV)/.ready-$$name; [ $$name = $* ] && break; done

# Off are: the update check (a class of thirty laptops does not need thirty notices) and the question
# about news. A message may have 256 MiB, so that a large picture is answered, not just cut off.
lab: $(LAB)
	$(PY) -m jupyterlab notebooks/00_start_here.ipynb --ServerApp.root_dir=. \
	    --ServerApp.tornado_settings="{'websocket_max_message_size': 268435456}" \
	    --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate \
	    --LabApp.news_url=None $(LAB_ARGS)

course: $(LAB)
	@$(PY) scripts/run_course.py $(NOTEBOOKS)

test: test-unit test-notebooks

test-unit: $(TEST)
	@echo "== Unit tests"
	@$(ONE_THREAD) $(PY) -m pytest -n $(WORKERS) --dist loadfile tests

test-notebooks: $(TEST)
	@echo "== Notebooks: every cell runs, and the outputs the text relies on are compared"
	@$(ONE_THREAD) $(PY) -m pytest --nbval-lax --nbval-current-env --nbval-cell-timeout=120 \
	    --dist loadscope -n $(WORKERS) --junitxml=build/notebooks.xml notebooks

doctest: $(TEST)
	@echo "== The examples in the docstrings"
	@$(PY) -m pytest -q --doctest-modules styleguard_edu

docs: $(DEV)
	@echo "== The reference of the package"
	@$(PY) -m sphinx -q -W --keep-going -d build/doctrees docs build/docs
	@echo "Pages: build/docs/index.html"

clean:
	rm -rf $(VENV) build
