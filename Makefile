# `make help` lists what one can do. Python 3.11 to 3.13 and make are all that must be there.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check --quiet
LAB ?=
# Jupyter reads and writes its settings here, so that nothing of the user's leaks into a build.
export JUPYTER_PLATFORM_DIRS := 1
export PYTHONWARNINGS := ignore::DeprecationWarning

.PHONY: help environment book test lab labs site student serve pdf screenshots seeds lint clean
.DEFAULT_GOAL := help

help: ## list what one can do
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The environment is built once and again when what it is made of changes. torch comes first, since its
# exact pin must be there before packages that would take any version of it.
$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade pip
	$(PIP) install --constraint constraints.txt torch
	$(PIP) install --constraint constraints.txt --editable ".[book,teach,test]"
	$(RUN) -m utils.models
	touch $@

environment: $(VENV)/ready ## create the environment, .venv, and nothing else

book: labs site ## create the environment, execute the labs at fast scale, render the book
	@echo "The book is at _build/html/index.html; make serve shows it."

labs: $(VENV)/ready ## execute the labs that are stale
	$(RUN) -m utils.labs run

# Pages are always written afresh, which takes seconds: a second build over a first one would keep pages that
# left the table of contents, shorten the sitemap, and miss figures that a chapter shows from a lab.
site: $(VENV)/ready
	$(RUN) -m utils.results
	$(RUN) -m utils.teaching
	$(RUN) -m utils.site
	rm -rf _build/html _build/.doctrees
	$(VENV)/bin/jupyter-book build . -W -n --keep-going
	$(RUN) -m utils.student > /dev/null
	rm -rf _build/html/student && cp -r _build/student _build/html/student

test: $(VENV)/ready lint labs site ## create the environment and run everything that CI runs
	$(RUN) -m pytest tests

lint: $(VENV)/ready ## lint the code and check the spelling
	$(VENV)/bin/ruff check .
	$(VENV)/bin/codespell

lab: $(VENV)/ready ## execute and render one lab: make lab LAB=bottom_up/superposition
	@test -n "$(LAB)" || { echo "name a lab, such as: make lab LAB=bottom_up/superposition"; exit 2; }
	$(RUN) -m utils.labs run $(LAB)
	$(RUN) -m utils.labs blank
	$(RUN) -m utils.teaching
	$(RUN) -m utils.site
	rm -rf _build/html _build/.doctrees
	$(VENV)/bin/jupyter-book build . -n --keep-going

student: $(VENV)/ready ## write the labs as learners open them to _build/student
	$(RUN) -m utils.student

seeds: $(VENV)/ready ## execute a lab for LAB_SEED 0, 1 and 2, without touching the book: make seeds LAB=...
	$(RUN) -m utils.labs seeds $(LAB)

serve: $(VENV)/ready ## show the rendered book at http://localhost:8000
	$(RUN) -m http.server --bind localhost --directory _build/html 8000

pdf: $(VENV)/ready ## the whole book as _build/pdf/book.pdf (needs Chromium)
	$(RUN) -m utils.print_pages pdf

screenshots: $(VENV)/ready ## redraw the README's pictures from the rendered book (needs Chromium)
	$(RUN) -m utils.print_pages screenshots

clean: ## remove everything that was built, but not the environment
	rm -rf _build
