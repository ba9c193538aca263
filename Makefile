# What a user or a developer runs; `make` alone lists it.
#
# ARGS goes to the program a target runs: make demo ARGS='--json demo.json'

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup build demo test test-postgres bench licences clean

CARGO ?= cargo
ARGS ?=

# rustup's own place, for shells that have not been opened since it was installed.
export PATH := $(PATH):$(HOME)/.cargo/bin

# ONNX Runtime's builds send usage data unless told not to.
export ORT_DISABLE_TELEMETRY := 1

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install missing system packages and put ONNX Runtime in runtime/
	@scripts/setup.sh build

build: setup ## Build the release binary, target/release/mihu
	$(CARGO) build --release --locked --package cli --target-dir target

demo: build ## Hold a whole phone call with the sample agent, on this machine alone
	target/release/mihu demo $(ARGS)

# Where the tests of the API note which statuses they saw, for the last of them.
test: export SEEN_STATUSES := $(CURDIR)/target/seen
test: ## Check format, lints and documentation, and run every test
	@scripts/setup.sh test
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	@rm -rf $(SEEN_STATUSES) && mkdir -p $(SEEN_STATUSES)
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
		set -x; $(CARGO) nextest run --workspace --locked $(ARGS); \
	else \
		set -x; RUST_TEST_THREADS=2 $(CARGO) test --workspace --locked --lib --bins --tests $(ARGS); \
	fi
ifeq ($(ARGS),)
	$(CARGO) test --workspace --locked --test api -- --ignored every_status_of_the_document_was_seen
endif
	$(CARGO) test --workspace --locked --doc
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --locked --no-deps --document-private-items

# Tests that look into the file of SQLite are not among these.
ON_POSTGRES := access_ idempotency_matrix process_ a_task dialling evaluations privacy schemathesis

test-postgres: ## Run tests of the API on Postgres instead of SQLite
	@scripts/setup.sh test
	TEST_DATABASE=postgres $(CARGO) test --workspace --locked --test api -- $(ON_POSTGRES)

bench: build ## Run the benchmarks
	$(CARGO) bench --package benches --locked --target-dir target $(ARGS)

licences: ## Check the dependencies' licences and origins with cargo-deny
	@$(CARGO) deny --version >/dev/null 2>&1 || \
		{ echo "licences: cargo-deny is missing: 'cargo install --locked cargo-deny' brings it" >&2; exit 1; }
	$(CARGO) deny --locked check licenses bans sources

clean: ## Remove what building and setup made (never data/)
	$(CARGO) clean
	rm -rf runtime
