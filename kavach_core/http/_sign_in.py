"""Routes of sign-in by e-mail and password (`/sign-up/email`, `/sign-in/email`, `/sign-out`, `/session`)."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr

from kavach_core.engine.people import Session as SessionValue
from kavach_core.engine.people import SignedIn
from kavach_core.engine.tokens import SESSION_PREFIX
from kavach_core.http._errors import Refused
from kavach_core.http._models import Answer, Body, Moment, Text
from kavach_core.http._principals import Kind, unauthenticated
from kavach_core.http._routing import Call, Route

NO_STORE: Final = {"Cache-Control": "no-store"}

USERS: Final[frozenset[Kind]] = frozenset({"user"})

Secret = Annotated[SecretStr, Field(min_length=1)]


class SignIn(Body):
    """Who signs in."""

    email: Text
    password: Secret


class SignUp(SignIn):
    """Who gets an account."""

    name: Text | None = None


class ChangePassword(Body):
    """The password of now, and the next one."""

    current_password: Secret
    new_password: Secret


class User(Answer):
    """A person."""

    id: str
    email: str
    name: str | None
    created_at: Moment


class Session(Answer):
    """A session; `token` is that of the request or a new one, and empty in lists."""

    id: str
    user_id: str
    token: str
    expires_at: Moment
    ip: str | None
    user_agent: str | None
    created_at: Moment


class Person(Answer):
    """A person and a session."""

    user: User
    session: Session


class Signed(Answer):
    """Who is signed in."""

    success: Literal[True] = True
    data: Person


def _signed(call: Call, value: SignedIn) -> Signed:
    call.headers.update(NO_STORE)
    return Signed(data=Person.of(value))


async def sign_up(call: Call) -> Signed:
    """Create an account."""
    if not call.kavach.user.sign_up_open:
        raise Refused(403, "FORBIDDEN", "accounts are not created here; ask the operator for one")
    wanted = call.sent(SignUp)
    made = await call.kavach.user.sign_up(
        email=wanted.email,
        password=wanted.password.get_secret_value(),
        name=wanted.name,
        ip=call.ip,
        user_agent=call.user_agent,
    )
    return _signed(call, made)


async def sign_in(call: Call) -> Signed:
    """Begin a session."""
    given = call.sent(SignIn)
    found = await call.kavach.user.sign_in(
        email=given.email, password=given.password.get_secret_value(), ip=call.ip, user_agent=call.user_agent
    )
    return _signed(call, found)


async def sign_out(call: Call) -> None:
    """End the session whose token was sent; without one there is nothing to end, and that is no error."""
    if call.bearer is not None:
        await call.kavach.user.sign_out(call.bearer)


async def session(call: Call) -> Session:
    """Return the session whose token was sent."""
    return Session.of((await _current(call)).model_copy(update={"token": call.bearer}))


async def change_password(call: Call) -> None:
    """Change the password."""
    sent = call.sent(ChangePassword)
    current = await _current(call)
    await call.kavach.user.change_password(
        current.user_id,
        current_password=sent.current_password.get_secret_value(),
        new_password=sent.new_password.get_secret_value(),
        keep_session=current.id,
    )


async def _current(call: Call) -> SessionValue:
    """Return the session of the request; raises `Refused` with 401 for a person of another sign-in."""
    token = call.bearer or ""
    found = await call.kavach.session.get(token) if token.startswith(SESSION_PREFIX) else None
    if found is None:
        raise unauthenticated(given=True)
    call.headers.update(NO_STORE)
    return found


ROUTES: Final = (
    Route(
        "POST",
        "/sign-up/email",
        sign_up,
        "Create an account and sign in; tells where the address has one (409)",
        frozenset(),
        answer=Signed,
        status=201,
        body=SignUp,
    ),
    Route("POST", "/sign-in/email", sign_in, "Sign in", frozenset(), answer=Signed, body=SignIn),
    Route("POST", "/sign-out", sign_out, "End the session of the token", frozenset(), status=204),
    Route(
        "GET", "/session", session, "Read the session of the token, and renew it", USERS, "users:read", answer=Session
    ),
    Route(
        "POST",
        "/change-password",
        change_password,
        "Change the password; all other sessions end",
        USERS,
        "users:write",
        status=204,
        body=ChangePassword,
    ),
)
