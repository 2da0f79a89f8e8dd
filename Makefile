# Development commands. PYTHON is the interpreter of the environment that `sh .ci/setup test` makes.
PYTHON ?= .venv/bin/python
PORTABLE = not gui and not browser and not material and not slow

.PHONY: help check lint types imports docs format test test-portable wheel-test audit

help:  ## Show these commands.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

check: lint types imports docs  ## Run every check except the tests.

lint:  ## Find faults and unformatted code.
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check

types:  ## Check types.
	$(PYTHON) -m pyright --pythonpath "$$($(PYTHON) -c 'import sys; print(sys.executable)')"

imports:  ## Check that imports between rooms point one way.
	$(PYTHON) -m pytest --durations=0 tests/test_architecture.py

docs:  ## Build the documentation into site/.
	NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --strict --quiet

format:  ## Sort imports, apply safe fixes, format.
	$(PYTHON) -m ruff check --fix
	$(PYTHON) -m ruff format

test:  ## Run all tests that this machine has the parts for.
	$(PYTHON) -m pytest -n auto

test-portable:  ## Run the tests that need no display, browser or shared material.
	$(PYTHON) -m pytest -n auto -m "$(PORTABLE)"

wheel-test:  ## Build the packages, install the wheel in a fresh environment, run it.
	rm -rf work/wheel
	$(PYTHON) -m build --outdir work/wheel
	$(PYTHON) -m venv work/wheel/venv
	work/wheel/venv/bin/python -m pip install --quiet work/wheel/*.whl
	cd work/wheel && venv/bin/realtime-nst demo --headless --frames 30 --record demo.mp4

audit:  ## List licences and known vulnerabilities of what an installation brings, and write an SBOM, into work/audit.
	rm -rf work/audit
	$(PYTHON) -m venv work/audit/program
	work/audit/program/bin/python -m pip install --quiet .
	$(PYTHON) -m venv work/audit/tools
	work/audit/tools/bin/python -m pip install --quiet pip-audit cyclonedx-bom pip-licenses
	work/audit/tools/bin/cyclonedx-py environment --output-reproducible -o work/audit/sbom.json work/audit/program
	work/audit/tools/bin/pip-licenses --python work/audit/program/bin/python --format markdown --with-urls \
	    --output-file work/audit/licences.md
	work/audit/program/bin/python -m pip freeze --exclude realtime-nst > work/audit/requirements.txt
	work/audit/tools/bin/pip-audit --strict --disable-pip --no-deps --requirement work/audit/requirements.txt \
	    --format markdown --desc off --output work/audit/vulnerabilities.md
