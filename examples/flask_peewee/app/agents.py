"""All that Kavach adds: agents in the application's own database and transactions, and a guard for views."""

from __future__ import annotations

from flask import abort, jsonify, make_response, request

from kavach_core import create_kavach
from kavach_peewee import create_peewee_adapter

from .database import database

kavach = create_kavach(
    storage=create_peewee_adapter(database, skip_migrations=True),  # app.migrations makes the tables
    agents={"max_per_user": 3, "token_expiry": "90d"},
)


def require_agent(action: str, resource: str) -> None:
    """Go on only if the token of the request belongs to an agent that may do this.

    MUST be called outside of `database.atomic()`: there the decision would be part of the transaction, and the record
    of a denial would go with it.
    """
    bearer = request.authorization
    if bearer is None or bearer.type != "bearer" or not bearer.token:
        abort(make_response(jsonify(detail="send the agent's token: Authorization: Bearer kv_..."), 401))
    decision = kavach.authorize_by_token(bearer.token, action=action, resource=resource)
    if not decision.allowed:
        abort(make_response(jsonify(detail={"code": decision.code, "reason": decision.reason}), 403))
