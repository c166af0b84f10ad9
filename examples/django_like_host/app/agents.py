"""All that Kavach adds: it is on the same server, over SQLAlchemy and connections of its own, and a guard for views.

So what Kavach does is never part of a transaction of Django's: it is committed when the call returns.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from kavach_core import Kavach, create_kavach

View = Callable[..., HttpResponse]


@cache
def kavach() -> Kavach:
    """Return the Kavach of this process, opened at the first use: that is after a fork, and after `migrate`."""
    return create_kavach(
        database={"provider": "postgres", "url": settings.DATABASE_URL, "skip_migrations": True},
        agents={"max_per_user": 3, "token_expiry": "90d"},
    )


def agent_may(action: str, resource: str) -> Callable[[View], View]:
    """Guard a view: the token of the request must belong to an agent that may do this.

    Placeholders in `resource` are parameters of the path.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, **parameters: str) -> HttpResponse:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not token:
                return JsonResponse({"detail": "send the agent's token: Authorization: Bearer kv_..."}, status=401)
            decision = kavach().authorize_by_token(token, action=action, resource=resource.format(**parameters))
            if not decision.allowed:
                return JsonResponse({"detail": {"code": decision.code, "reason": decision.reason}}, status=403)
            return view(request, **parameters)

        return guarded

    return guard
