"""What tests about people share: settings that hash fast, and a person who signed up."""

from __future__ import annotations

from typing import Any

from engine.support import Host

FAST: dict[str, Any] = {"hash_time_cost": 1, "hash_memory_kib": 8, "hash_parallelism": 1}
ADA = "ada@example.com"
PASSWORD = "correct horse battery"
HOME = "198.51.100.7"
ELSEWHERE = "203.0.113.9"


async def open_kavach(host: Host, **users: Any) -> Any:
    """Open a Kavach on the host's engine that hashes fast."""
    return await host.kavach(users={**FAST, **users})


async def sign_up(kavach: Any, email: str = ADA, **more: Any) -> Any:
    """Sign a person up with the password that the tests know."""
    return await kavach.user.sign_up(email=email, password=PASSWORD, **more)


async def sign_in(kavach: Any, password: str = PASSWORD, email: str = ADA, **more: Any) -> Any:
    """Sign a person in."""
    return await kavach.user.sign_in(email=email, password=password, **more)
