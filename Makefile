# Kakehashi: `make run` and `make test` are all a newcomer needs; `make help` lists the rest.
# Needs python3 (3.11 or newer, with venv), make and git. No root, no server to install.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
INSTALL := @$(PYTHON) -S wallet_site/local/bootstrap.py $(VENV)
LOCAL := $(PY) -m wallet_site.local

.DEFAULT_GOAL := help
.PHONY: help run test faults check requirements messages manage shell psql reset lock format pictures bench

help: ## List these commands.
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST)

run: ## Start the portal on http://localhost:8000 (PORT=...); Ctrl-C stops it, the data is kept.
	$(INSTALL) local
	@$(LOCAL) run --follow-parent

# Three at once on two cores: much of a test's time is waiting for a process to come up.
test: ## Run every test, browser and worker included (t="tests/payments -k top_up" for some).
	$(INSTALL) tests
	@$(PY) -m wallet_site.local.browser
	@$(PY) -m pytest -n 3 --dist loadgroup $(t)

faults: ## The drills with many more kills, and thousands of random runs of the books (half an hour).
	$(INSTALL) tests
	@KAKEHASHI_FAULTS=1 $(PY) -m pytest --timeout 3600 tests/drill tests/payments/test_books_model.py

check: ## Style, types, layers, migrations, production settings, locks, templates, translations.
	$(INSTALL) tests
	@$(PY) -m wallet_site.local.quality $(only)

requirements: ## Each security requirement, each fault that money survives, and their tests (n=17 for one).
	$(INSTALL) tests
	@$(PY) -m tests.requirement_table $(n)

messages: ## Collect the sentences a person sees, compile their Japanese (area=payments, prune=1).
	$(INSTALL) tests
	@$(PY) -m wallet_site.local.messages $(area) $(if $(prune),--prune)

manage: ## Run manage.py against the portal's servers: make manage c="verify_audit".
	$(INSTALL) local
	@$(LOCAL) manage $(c)

shell: ## A Python prompt with the portal's models.
	$(INSTALL) local
	@$(LOCAL) manage shell

psql: ## An SQL prompt as the application's role (role=owner for the owner of the tables).
	$(INSTALL) local
	@$(LOCAL) psql $(role)

reset: ## Wipe the local portal's people, money and mail.
	$(INSTALL) local
	@$(LOCAL) reset

lock: ## Compile the locks from pyproject.toml (upgrade=1 for newer versions).
	$(INSTALL) tests
	@$(PY) -m wallet_site.local.locks $(if $(upgrade),--upgrade)

format: ## Bring Python into shape.
	$(INSTALL) tests
	@$(PY) -m ruff check --fix --exit-zero --quiet . && $(PY) -m ruff format --quiet .

pictures: ## Take the README's pictures anew.
	$(INSTALL) tests
	@$(PY) -m wallet_site.local.browser
	@$(PY) -m tests.journeys.take_pictures

bench: ## Figures of speed beside their limits and peers (only="posting", rounds=5, seconds=3, full=1).
	$(INSTALL) tests
	@$(PY) -m tests.bench $(only) $(if $(rounds),--rounds $(rounds)) $(if $(seconds),--seconds $(seconds)) $(if $(full),--full)
