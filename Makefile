# Every habit is one word. `make run` and `make test` need only: Python >= 3.11 with venv, a Rust toolchain, a C compiler,
# git and make. Everything else goes into .venv and target/; `make clean` takes both away.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
CAPTURE ?= pcaps/tour.pcap

VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check
MATURIN := VIRTUAL_ENV="$(VENV)" $(BIN)/maturin

# Live capture needs libpcap's headers (apt install libpcap-dev); without them it is left out, and `zertap tap` says so.
# `make LIVE= ...` leaves it out in any case.
LIVE ?= $(shell $(CC) -E -include pcap/pcap.h -x c /dev/null >/dev/null 2>&1 && echo live)
CAPTURE_FEATURES := $(if $(LIVE),--features zertap-capture/live)

# The same interpreter for every build: another one would make cargo build the door again.
export PYO3_PYTHON := $(BIN)/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# The door is a Python extension: it has no test program of its own, its tests are Python's.
RUST_TESTED := --workspace --exclude zertap-py --locked

RUST_SOURCES := Cargo.toml Cargo.lock pyproject.toml \
	$(shell find rust/zertap-* -name '*.rs' -o -name '*.toml' -o -name '*.csv')

help: ## shows these words
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 15

ready: $(VENV)/.ready

build: $(VENV)/.built ## builds the package (release) into .venv

# Compiled twice: what the first build says of its own work at `benches/train.py` tells the second what is worth room.
wheel: $(VENV)/.made ## builds the fastest wheel for this machine into dist/, guided by a profile (rustup component add llvm-tools)
	$(MATURIN) build --profile wheel --pgo --compatibility linux --out dist --interpreter $(BIN)/python $(if $(LIVE),--features live)

run: build ## shows a capture: make run CAPTURE="my.pcap"
	$(BIN)/zertap observe --format table $(CAPTURE)

test: $(VENV)/.ready ## builds and passes every test, Rust and Python
	@shared="$${ZERTAP_SHARED:-$(CURDIR)/../shared}"; if [ -d "$$shared/captures" ]; \
	then echo "shared captures: $$shared"; \
	else echo "skipped, no shared captures at $$shared (set ZERTAP_SHARED): what Rust and Python compare with them"; fi
	cargo test $(RUST_TESTED) $(CAPTURE_FEATURES)
	$(BIN)/pytest -n auto --dist worksteal

lint: $(VENV)/.ready ## formatters, lints and types, nothing changed
	@cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 \
	|| { echo "make lint needs rustfmt and clippy: rustup component add rustfmt clippy" >&2; exit 1; }
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked $(CAPTURE_FEATURES) -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fmt: $(VENV)/.ready ## formats Rust and Python
	cargo fmt --all
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

tables: $(VENV)/.ready ## writes what is generated: registries, pages of fields and shapes, record layouts, configuration
	cargo xtask tables
	$(BIN)/python docs/schema_page.py
	$(BIN)/python docs/shapes_page.py
	$(BIN)/python docs/info_page.py
	$(BIN)/python tests/contract/catalogue.py
	$(BIN)/python -m zertap.zert.document > docs/records.md
	$(BIN)/python -m zertap.zert.decode_page > docs/decode.md
	$(BIN)/python -m zertap.configuration.page > docs/configuration.md
	$(BIN)/python -m zertap.service.page > docs/services.md

truth: $(VENV)/.ready ## rebuilds docs/truth.md: asks tshark and Suricata where installed
	PATH="$(BIN):$$PATH" PYTHONPATH=tests/python $(BIN)/python -m truth

bench: $(VENV)/.ready ## measures: criterion and pytest-benchmark
	cargo bench $(RUST_TESTED) $(CAPTURE_FEATURES)
	@if ls benches/python/*.py >/dev/null 2>&1; then $(BIN)/pytest benches/python --benchmark-only; fi

fuzz: ## every fuzz target for SECONDS each (10): make fuzz SECONDS=60
	bash rust/fuzz/run.sh $(or $(SECONDS),10)

coverage: ## line coverage of the engine by its tests, room by room; 90 % where it decides
	$(PYTHON) tests/coverage.py

mutants: ## mutation testing of the files that decide: make mutants SHARD=3/20
	sh tests/mutants.sh $(or $(SHARD),3/20)

pcaps: ## records our captures again (root, see pcaps/README.md), and merges the tour
	$(PYTHON) pcaps/make/all.py
	$(PYTHON) pcaps/make/tour.py

clean: ## removes all that was built, .venv too
	rm -rf .venv target rust/fuzz/target python/zertap/_native*.so .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find python tests docs pcaps -name __pycache__ -type d -prune -exec rm -rf {} +

# --- what the words stand on -------------------------------------------------------------------------------------------

# One line a missing tool, before anything is fetched or built.
$(VENV)/.made:
	@lack() { echo "zertap cannot be built: $$1" >&2; exit 1; }; \
	command -v $(PYTHON) >/dev/null || lack "python3 is missing: apt install python3 python3-venv"; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || lack "$$($(PYTHON) --version) is too old, 3.11 is needed: make PYTHON=python3.11 ..."; \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || lack "python3-venv is missing: apt install python3-venv"; \
	command -v cargo >/dev/null || lack "cargo is missing: install Rust from https://rustup.rs"; \
	need="$$(sed -n 's/^rust-version = "1\.\([0-9]*\)"/\1/p' Cargo.toml)"; have="$$(cargo --version | cut -d. -f2)"; \
	[ "$$have" -ge "$$need" ] || lack "Rust 1.$$have is too old, 1.$$need is needed: rustup update stable"; \
	command -v cc >/dev/null || lack "a C compiler is missing: apt install gcc libc6-dev"
	$(PYTHON) -m venv $(VENV)
	$(PIP) install 'maturin>=1.16,<2'
	touch $@

# The package itself: editable, so that a change in python/ needs no build. Its sources are compiled, as pip does with a
# wheel: a command would do it at each start where PYTHONDONTWRITEBYTECODE is set (a tenth of a second for `records`).
$(VENV)/.built: $(VENV)/.made $(RUST_SOURCES) $(VENV)/.live-$(or $(LIVE),no)
	@[ -n "$(LIVE)" ] || echo "without live capture: libpcap's headers are not here (apt install libpcap-dev)"
	$(MATURIN) develop --release $(if $(LIVE),--features live)
	$(BIN)/python -m compileall -q python/zertap
	touch $@

# Remembers whether live capture was built in, so that it is built again when the headers come or go.
$(VENV)/.live-%: | $(VENV)/.made
	rm -f $(VENV)/.live-*
	touch $@

# And what tests and lints need beside it, as the extra `dev` of pyproject.toml says.
$(VENV)/.ready: $(VENV)/.built pyproject.toml
	$(PIP) install $$($(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["dev"])')
	touch $@

.PHONY: help ready build wheel run test lint fmt tables truth bench fuzz coverage mutants pcaps clean
