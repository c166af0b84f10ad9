"""pycasbin with its SQLAlchemy adapter, as its documentation has it: what one would take instead of permissions.

It keeps the whole policy in the memory of each process, so `enforce()` asks no database: a change by another process is
not seen until `load_policy()`, or a watcher, reads all of it again. It knows neither tokens nor an audit trail: the way
that looks the agent up and writes the row by itself does what a decision of Kavach does.
"""

from __future__ import annotations

from contextlib import ExitStack
from time import perf_counter
from typing import Any, Final

import casbin
import sqlalchemy_adapter
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from bench.checks import WrongResult
from bench.comparison import Comparison
from bench.decisions.compared import by_kavach, numbers, subject
from bench.decisions.loops import Decide
from bench.decisions.names import (
    CASBIN_CHANGE,
    CASBIN_SEEN,
    CHANGE,
    ENFORCE,
    ENFORCER,
    FAST,
    OUR_CHANGE,
    PLAIN,
    RECORDED,
)
from bench.decisions.on_orm import agent_by, audit_log, is_valid
from bench.decisions.stored import CALL, PERMISSIONS, RESOURCE, Stored, agent_id_of, token_of
from bench.measure import Subject, measure

_MODEL: Final = """
[request_definition]
r = sub, obj, act

[policy_definition]
p = sub, obj, act

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.sub == p.sub && r.act == p.act && keyMatch(r.obj, p.obj)
"""
_BY_SUBJECT_AND_ACTION: Final = (0, 2)
"""What FastEnforcer finds rules by before it looks at their patterns."""

_TOOLS: Final = [f"mcp:tool-{number}:*" for number in range(PERMISSIONS - 1)]
_EXTRA: Final = "mcp:calendar:*"


def beside_pycasbin(stored: Stored, stack: ExitStack, repeat: int) -> list[Comparison]:
    """Measure decisions, and a permission that is given and taken back, beside pycasbin with the same policy."""
    host = stack.enter_context(stored.database.host_engine())
    adapter = sqlalchemy_adapter.Adapter(host)
    quick = casbin.FastModel(_BY_SUBJECT_AND_ACTION)
    quick.load_model_from_text(_MODEL)
    fast = casbin.FastEnforcer(quick, adapter, cache_key_order=_BY_SUBJECT_AND_ACTION)
    fast.enable_auto_save(False)
    fast.add_policies([rule for number in range(stored.size.agents) for rule in _rules(number)])
    fast.enable_auto_save(True)
    fast.save_policy()
    model = casbin.Model()
    model.load_model_from_text(_MODEL)
    plain = casbin.Enforcer(model, adapter)
    return [_decisions(stored, plain, fast, host, repeat), _changes(stored, fast, plain, repeat)]


def _rules(number: int) -> list[list[str]]:
    return [[agent_id_of(number), pattern, CALL["action"]] for pattern in (*_TOOLS, "mcp:github:*")]


def _decisions(stored: Stored, plain: Any, fast: Any, host: Engine, repeat: int) -> Comparison:
    def recorded(token: str) -> bool:
        started = perf_counter()
        with Session(host) as session:
            agent = session.scalars(agent_by(token)).one_or_none()
            allowed = agent is not None and is_valid(agent) and fast.enforce(agent.id, RESOURCE, CALL["action"])
            session.add(audit_log(agent, allowed, started))
            session.commit()
        return allowed

    def enforced(enforcer: Any) -> Decide:
        return lambda agent_id: bool(enforcer.enforce(agent_id, RESOURCE, CALL["action"]))

    def anyone(number: int) -> str:
        return token_of(number % stored.size.agents)

    def anyones_id(number: int) -> str:
        return agent_id_of(number % stored.size.agents)

    subjects = [
        subject(ENFORCER, "other", enforced(plain), anyones_id),
        subject(FAST, "other", enforced(fast), anyones_id),
        subject(RECORDED, "orm", recorded, anyone),
        subject(PLAIN, "adapter", by_kavach(stored.kavach(trust=False)), anyone),
    ]
    return stored.compared(ENFORCE, measure(subjects, numbers(), repeat), silent=2)


def _changes(stored: Stored, fast: Any, plain: Any, repeat: int) -> Comparison:
    kavach = stored.kavach(trust=False)
    own = [{"resource": pattern, "actions": [CALL["action"]]} for pattern in (*_TOOLS, "mcp:github:*")]
    more = [*own, {"resource": _EXTRA, "actions": [CALL["action"]]}]

    def change(number: int) -> bool:
        rule = (agent_id_of(number % stored.size.agents), _EXTRA, CALL["action"])
        given = fast.add_policy(*rule) and fast.enforce(*rule)
        return bool(given and fast.remove_policy(*rule) and not fast.enforce(*rule))

    def load(_: int) -> bool:
        plain.load_policy()
        return True

    def update(number: int) -> bool:
        id = agent_id_of(number % stored.size.agents)
        given = len(kavach.agent.update(id, permissions=more).permissions)
        return (given, len(kavach.agent.update(id, permissions=own).permissions)) == (len(more), len(own))

    def check(_: object, changed: object) -> None:
        if changed is not True:
            raise WrongResult("the permission was not given, or not taken back")

    subjects = [
        Subject(CASBIN_CHANGE, "orm", change, check),
        Subject(CASBIN_SEEN, "other", load, check),
        Subject(OUR_CHANGE, "adapter", update, check),
    ]
    return stored.compared(CHANGE, measure(subjects, numbers(), repeat // 4), silent=len(subjects))
