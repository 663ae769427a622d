# Everything to be done with a checkout; `make` alone lists it.
SITE ?= sites/demo
ENVIRONMENTS ?= environments
STATE ?= var/run
MIRRORS ?= var/mirrors
COMPONENT ?=
PORT ?= 8010
CLOUDS ?= $(wildcard var/cloud/run/clouds.yaml)
OPTIONS ?=

PYTHON := /usr/bin/python3 -B -m
PLACE = --site $(SITE) --environments $(ENVIRONMENTS) --state $(STATE) --mirrors $(MIRRORS) \
  --http-port $(PORT) --worker-port $$(($(PORT) + 1)) --clouds "$(CLOUDS)"
LOCK := var/venv-test/bin/uv pip compile --quiet --upgrade --generate-hashes --python-version 3.11 \
  --python /usr/bin/python3 --custom-compile-command 'make lock'

# Whoever is root runs these with accounts of their own; for others they are not left out.
RUN_AS_ROOT_BELOW = $(if $(filter 0,$(shell id -u)),--ignore-glob='tests/agent/test_processes*')

.PHONY: help run plan stop clean change upstream cloud cloud-stop test test-here drill test-root test-cloud \
  check screenshots bench bench-masters bench-history bench-hooks bench-cloud lock declarations bundle

help: ## List what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Start everything on this machine, or bring what runs up to date
	@$(PYTHON) local.bootstrap run -m local.run $(PLACE) $(OPTIONS)

stop: ## Stop all of it and nothing else
	@$(PYTHON) local.stop --state $(STATE)

plan: ## Say what `make run` would change in OpenStack projects and on servers
	@$(PYTHON) local.bootstrap run -m local.plan_servers $(PLACE)

clean: ## Stop, and forget releases, databases, history and machines; packages and mirrors stay
	@$(PYTHON) local.stop --state $(STATE)
	@test ! -e $(STATE)/operator-key || $(PYTHON) local.bootstrap run -m local.delete_servers $(PLACE)
	@$(PYTHON) local.stop --state $(STATE) --forget

change: ## Commit a small visible change to a component's repository: make change COMPONENT=blog
	@$(PYTHON) local.bootstrap run -m local.change $(PLACE) --component "$(COMPONENT)"

upstream: ## Try our changes on upstream's newest release: make upstream COMPONENT=docs
	@$(PYTHON) local.bootstrap run -m local.trial $(PLACE) --component "$(COMPONENT)"

cloud: ## Start a test cloud, a real OpenStack on this machine, as root
	@$(PYTHON) tests.cloud.up

cloud-stop: ## End the test cloud and all its machines
	@$(PYTHON) tests.cloud.stop

test: test-here test-cloud ## Run every test, the whole line and a real OpenStack included
	@$(PYTHON) local.bootstrap report-left-out

test-here: ## Run the tests that need no OpenStack
	@$(PYTHON) local.bootstrap test -m pytest -n 2 -m "not whole and not cloud" $(RUN_AS_ROOT_BELOW)
	@$(PYTHON) local.bootstrap test -m pytest -m "whole and not drill"
	@$(MAKE) --no-print-directory test-root

drill: ## Run the tests that take long, of which make test has a short form
	@$(PYTHON) local.bootstrap test -m pytest -m drill

test-root: ## Run the tests of accounts, as root
	@$(PYTHON) local.bootstrap test-as-root -m pytest -n 2 tests/agent/test_root.py tests/agent/test_processes*.py \
	  tests/local/test_steering.py tests/local/test_accounts.py tests/local/test_attackers.py

test-cloud: ## Run the tests that need a real OpenStack, as root
	@$(PYTHON) local.bootstrap test-as-root -m tests.cloud.during \
	  -m pytest -n 2 --dist loadfile -m cloud --ignore tests/cloud/test_stop.py
	@$(PYTHON) local.bootstrap test-as-root -m pytest tests/cloud/test_stop.py

check: ## Format, lint, types, shell and the fast tests, in under a minute
	@$(PYTHON) local.bootstrap test -m tools.make_check

screenshots: ## Take the pictures of the documents again, in a real browser
	@$(PYTHON) local.bootstrap test -m pytest tests/whole/test_browser.py tests/whole/test_releases.py tests/whole/test_views.py \
	  tests/whole/test_trial.py
	@cp --no-dereference $(addprefix var/pictures/,board.png promote.png stopped.png history.png upstream.png) docs/pictures/

bench: ## Measure push, promotion, roll back, a series of patches and the board of sixty components
	@$(PYTHON) local.bootstrap test -m benchmarks.lead_time
	@$(PYTHON) local.bootstrap test -m benchmarks.series
	@$(PYTHON) local.bootstrap test -m pytest -q -s tests/web/test_sixty.py

bench-masters: ## Measure what masters of 5, 60 and 1000 components take to start, in some minutes
	@$(PYTHON) local.bootstrap test -m benchmarks.masters

bench-history: ## Measure what the Releases page costs a master with 24,000 deployments
	@$(PYTHON) local.bootstrap test -m benchmarks.history

bench-hooks: ## Measure how many webhooks a master answers, and what waits meanwhile
	@$(PYTHON) local.bootstrap test -m benchmarks.hooks

bench-cloud: ## Measure the machines of builds on a test cloud, as root
	@$(PYTHON) local.bootstrap test-as-root -m benchmarks.machines

lock: ## Resolve the Python requirements again and write them down with hashes
	@$(PYTHON) local.bootstrap test -c pass
	@$(LOCK) requirements.in --output-file requirements.lock
	@$(LOCK) requirements-dev.in --output-file requirements-dev.lock
	@$(LOCK) agent/requirements.in --output-file agent/requirements.lock
	@$(LOCK) --universal tests/cloud/requirements.in --output-file tests/cloud/requirements.lock
	@$(LOCK) tests/cloud/images/slipway-worker.in \
	  --output-file tests/cloud/images/slipway-worker.lock
	@$(LOCK) benchmarks/stock.in --output-file benchmarks/stock.lock

declarations: ## Write the types of the page and the terminal again from the models
	@$(PYTHON) local.bootstrap test -c pass
	@var/venv-test/bin/python -B -m web.page.declarations

bundle: ## Make the files that the browser loads again from the page's source files
	@$(PYTHON) local.bootstrap test -c pass
	@rm -f web/page/static/*.js
	@npm run --silent build
