# make demo           run the demo; DEMO_ARGS="--database URL" for another database
# make example-NAME   run an application of examples/; EXAMPLE_ARGS="--port 8001" for another port
# make test           all tests but those on MySQL, in every environment of tox.ini
# make test-mysql     the tests on a real MySQL server (not MariaDB)
# make mysql-server   fetch that server into .cache, without installing it
# make conformance    run the conformance suite on every storage of ours, and tell how far each conforms
# make generate       write every generated file anew
# make bench          measure Kavach on every database, and write docs/performance; bench-quick: in two minutes
# make bench-server   kavach serve under load: 64 connections, 30 s (BENCH_ARGS for others)
# make lint types     one environment of tox.ini alone
# make clean          remove all that the above made
#
# PYTHON=python3.13 names the Python of the virtual environment (.venv).

PYTHON ?= python3
SERVERS = PYTHONPATH=tests:tools .venv/bin/python -m servers

# pyenv's shims hide the Pythons that are not chosen: show tox all of them
TOX_PATH = PATH="$$PATH$$(printf ':%s' "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/*/bin)"

.PHONY: demo test test-mysql mysql-server generate bench bench-quick bench-server conformance lint types clean
.PHONY: example-fastapi_sqlalchemy example-flask_peewee example-fastapi_prisma example-django_like_host
.DELETE_ON_ERROR:

demo: .venv/demo-installed
	.venv/bin/kavach demo $(DEMO_ARGS)

test: .venv/all-installed
	$(TOX_PATH) $(SERVERS) --private postgres mariadb -- .venv/bin/tox run-parallel --parallel 3 --parallel-no-spinner $(TOX_ARGS)

test-mysql: .venv/all-installed
	$(SERVERS) mysql -- .venv/bin/tox run -e mysql $(TOX_ARGS)

example-fastapi_sqlalchemy example-flask_peewee example-fastapi_prisma example-django_like_host: .venv/all-installed
	PYTHONPATH=tests:tools .venv/bin/python tools/run_example.py $(@:example-%=%) $(EXAMPLE_ARGS)

mysql-server:
	$(PYTHON) tools/mysql_server.py

generate: .venv/all-installed
	.venv/bin/python tools/generate.py

bench: .venv/all-installed
	$(SERVERS) postgres mariadb -- .venv/bin/python -m bench --out docs/performance $(BENCH_ARGS)

bench-server: .venv/all-installed
	PYTHONPATH=tests:tools .venv/bin/python -m bench.server_load $(BENCH_ARGS)

bench-quick: .venv/all-installed
	$(SERVERS) postgres mariadb -- .venv/bin/python -m bench --rows 10000 --agents 100,10000 --audit-logs 1000,100000 \
		--repeat 200 $(BENCH_ARGS)

conformance: .venv/all-installed
	$(SERVERS) --private postgres mariadb -- env PYTHONPATH=tests:tools .venv/bin/kavach conformance conformance.harnesses \
		conformance.peewee_harnesses $(CONFORMANCE_ARGS)

lint types: .venv/all-installed
	.venv/bin/tox run -e $@

clean:
	rm -rf .venv .tox .cache tools/prisma-engine/node_modules .hypothesis .pytest_cache .mypy_cache .ruff_cache build dist

.venv/bin/pip:
	$(PYTHON) tools/prepare.py venv .venv

.venv/demo-installed: pyproject.toml | .venv/bin/pip
	.venv/bin/pip install --quiet --editable '.[sqlalchemy]'
	touch $@

.venv/all-installed: pyproject.toml tools/prisma-engine/package-lock.json | .venv/bin/pip
	$(PYTHON) tools/prepare.py compiler
	.venv/bin/pip install --quiet uv
	VIRTUAL_ENV=.venv .venv/bin/uv pip install --quiet --editable '.[sqlalchemy,peewee,postgres,mysql,patterns,prisma,webhooks,client,server]' --group dev
	.venv/bin/python tools/prisma_setup.py true
	touch $@
