# HITL Console: `make run` serves it, `make test` and `make check` prove it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run test check audit faults restarts bench format docs pictures words lock clean

help:  ## what each target does
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: $(VENV)/ready  ## serve the console with embedded PostgreSQL and Redis, demo users and 25 demo APVs
	@trap : INT; $(BIN)/python manage.py serve --prepare || [ $$? -eq 130 ]

test: $(VENV)/ready  ## the whole suite, against real servers
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/ready  ## lint, format, types, insecure code, deployment checks, missing migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml .
	$(BIN)/python manage.py makemigrations --check --dry-run
	DATABASE_URL=postgresql://check@127.0.0.1:1/check REDIS_URL=redis://127.0.0.1:1 \
	ALLOWED_HOSTS=console.example.com SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
	$(BIN)/python manage.py check --deploy --fail-level WARNING

format: $(VENV)/ready  ## rewrite the code in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

faults: $(VENV)/ready  ## inject every fault under load, and count what was lost; ARGS=--help
	$(BIN)/python -m tests.faults $(ARGS)

restarts: $(VENV)/ready  ## restart a server under 1,000 clients, and kill servers in use; ARGS=--help
	$(BIN)/python -m tests.restarts $(ARGS)

bench: $(VENV)/ready  ## measure fan-out beside what people use; ARGS=--help
	$(BIN)/python -m tests.bench $(ARGS)

docs: $(VENV)/ready  ## write the generated parts of docs/
	$(BIN)/python manage.py write_docs

pictures: $(VENV)/ready  ## take the README's pictures of the console anew
	$(BIN)/python -m tests.pictures

words: $(VENV)/ready  ## collect what is to be translated, and compile the translations; needs GNU gettext
	$(BIN)/python manage.py makemessages --locale pt_BR --no-location --no-obsolete --no-wrap --ignore tests --ignore $(VENV) --ignore var
	$(BIN)/python manage.py compilemessages --locale pt_BR

audit: $(VENV)/ready  ## ask pypi.org for known vulnerabilities of all that is pinned
	$(BIN)/pip-audit --strict --disable-pip --require-hashes -r requirements-dev.txt

lock: $(VENV)/ready  ## compile pyproject.toml into pinned, hashed requirements
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --upgrade pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --constraint requirements.txt --group dev pyproject.toml -o requirements-dev.txt

clean:  ## remove the virtual environment and caches; data under var/ stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/ready: requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "HITL Console needs Python 3.11 or later; '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Try: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "Installing into $(VENV) …"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
