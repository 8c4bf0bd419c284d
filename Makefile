# hladvarp: `make episode` makes a published episode, `make test` runs the suite; both set up what they need.

PYTHON ?= python3.11
export PREFECT_HOME ?= $(CURDIR)/.hladvarp/prefect

.PHONY: lock
lock:  ## Pin everything anew (needs uv).
	uv pip compile pyproject.toml --group build --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --output-file requirements.lock
	uv pip compile pyproject.toml --group build --group dev --constraint requirements.lock --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --output-file requirements-dev.lock
