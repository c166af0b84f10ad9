"""The jobs and the ways to do them, as results call them."""

from __future__ import annotations

from typing import Final

TASKS: Final = 64
THREADS: Final = 16
PROCESS_THREADS: Final = 8

DECISION: Final = "authorize_by_token"
FIVE: Final = "raw loop of five statements"
THREE: Final = "raw loop of three statements"
SCORE: Final = "raw loop that keeps a score"
ORM: Final = "ORM, Session per call"
PLAIN: Final = "Kavach, trust off"
TRUSTING: Final = "Kavach, trust on"

PERMISSIONS: Final = "authorize_by_token, 5 and 1,000 permissions"
MORE_AGENTS: Final = "authorize_by_token, more agents"
MORE_AUDIT_LOGS: Final = "authorize_by_token, more audit rows"
KAVACH: Final = "Kavach, {}"
RAW: Final = "raw loop, {}"
FEW: Final = "few rows"
MORE: Final = "more rows"
FEW_PERMISSIONS: Final = "5 permissions"
MANY_PERMISSIONS: Final = "1,000 permissions"

ENFORCE: Final = "decision, beside pycasbin"
ENFORCER: Final = "pycasbin, Enforcer.enforce()"
FAST: Final = "pycasbin, FastEnforcer.enforce()"
RECORDED: Final = "pycasbin, FastEnforcer, ORM look-up and audit row"
CHANGE: Final = "a permission given and taken back"
CASBIN_CHANGE: Final = "pycasbin, add_policy() and remove_policy()"
CASBIN_SEEN: Final = "pycasbin, load_policy() of another process"
OUR_CHANGE: Final = "Kavach, agent.update() twice"

REQUEST: Final = "request to FastAPI"
OPEN: Final = "endpoint that authorizes nobody"
ORDINARY: Final = "endpoint in ordinary ORM code"
OURS: Final = "endpoint with Kavach's dependency, trust off"
OURS_TRUSTING: Final = "endpoint with Kavach's dependency, trust on"

IN_GROUPS: Final = f"{TASKS} tasks, in groups"
SLOWLY: Final = f"{TASKS} tasks, in groups, a commit takes 1 ms more"
BY_THREADS: Final = f"{THREADS} threads, in groups"
ONE_BY_ONE: Final = "one commit per call"
ONE_PROCESS: Final = "1 process"
TWO_PROCESSES: Final = f"2 processes of {PROCESS_THREADS} threads"
FOUR_PROCESSES: Final = f"4 processes of {PROCESS_THREADS} threads"
