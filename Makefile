# All set-up is done by the targets that need it. `make` alone shows what there is.
PYTHON ?= python3
KATA ?= redis/01
WORKERS ?= 3
BIN := .venv/bin
BROKER = $(firstword $(subst /, ,$(KATA)))
CLUSTER = $(shell grep -q '^\*\*Time.*Needs.*[Cc]luster' katas/$(KATA)/README.md 2>/dev/null && echo --cluster)
BROKERS := redis nats kafka rabbitmq

# without compiled modules on disk pytest works through hypothesis' source again at each start (0.6 s)
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup kata brokers test lowest check lint types format bench soak solutions-branch clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: ## Make the environment in .venv with all that the katas need
	@$(PYTHON) tools/bootstrap.py

kata: setup ## Run a kata: make kata KATA=kafka/01 (SOLUTION=1: the reference answer)
	@test -d "katas/$(KATA)" || { echo "There is no kata $(KATA). There are:" $$(cd katas && echo */[0-9][0-9]); exit 4; }
	@$(BIN)/mqkata up $(BROKER) $(CLUSTER) --idle 1200
	@$(BIN)/pytest $(if $(SOLUTION),--solutions )katas/$(KATA)

brokers: setup ## Fetch all four brokers and try each of them
	@$(BIN)/mqkata doctor

test: check ## Run every test: plugin, brokers, and the gates of all katas
	@$(BIN)/mqkata doctor
	@MQKATA_CLUSTER_MEMORY=3000 $(BIN)/pytest tests -n $(WORKERS) --dist loadgroup --strict-brokers

lowest: ## Run the solutions and the fixtures' tests with the oldest packages that are allowed
	@test -x .lowest/bin/uv || { $(PYTHON) -m venv .lowest && .lowest/bin/pip install --quiet uv; }
	@.lowest/bin/uv pip install --quiet --python .lowest/bin/python --resolution lowest-direct -e '.[all]' pytest-xdist==3.8.0
	@.lowest/bin/pytest --solutions --strict-brokers -q katas
	@.lowest/bin/pytest --strict-brokers -q tests/clusters tests/test_*_server.py tests/test_command_line.py

check: setup lint types

lint: setup
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup
	@$(BIN)/mypy pytest_mqkata tools benchmarks tests
	@for folder in katas/*/[0-9][0-9] solutions/*/[0-9][0-9]; do $(BIN)/mypy --no-error-summary --explicit-package-bases --implicit-reexport --exclude '^$$' --allow-untyped-calls --allow-any-generics --disable-error-code empty-body $$folder/*.py || exit 1; done

format: setup ## Format and sort imports
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: setup ## Measure feedback times, side by side with other plugins, clusters, and each kata beside its budget
	@$(BIN)/python benchmarks/feedback.py && $(BIN)/python benchmarks/clusters.py && $(BIN)/python benchmarks/katas.py

soak: setup ## Run the solutions twenty times on loaded cores, and a hundred sequences of faults on each cluster
	@$(BIN)/python benchmarks/soak.py
	@MQKATA_CHAOS_SECONDS=3600 $(BIN)/pytest -s --strict-brokers tests/clusters/test_chaos.py

solutions-branch: ## Build the git branch `solutions`: main with the solutions in place of the stubs
	@$(PYTHON) tools/solutions_branch.py

clean: ## End the brokers and remove the environment
	-@$(BIN)/mqkata down --force
	@rm -rf .venv .lowest .setup.lock .pytest_cache .mypy_cache .ruff_cache
