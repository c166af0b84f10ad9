"""Passwords hashed with argon2id (RFC 9106), a bounded number at once, since each takes the memory it was told to.

argon2-cffi is loaded when the first password is hashed: a host that brings its own sign-in does not need it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, TypeVar

from kavach_core.engine.settings import UserSettings
from kavach_core.errors import MissingDependency

if TYPE_CHECKING:
    from argon2 import PasswordHasher

T = TypeVar("T")


class Passwords:
    """Hashes and verifies; both take a tenth of a second of one thread, on purpose."""

    def __init__(self, settings: UserSettings) -> None:
        """Use the parameters of the settings."""
        self._settings = settings
        self._places = BoundedSemaphore(settings.hash_at_once)
        self.threads = ThreadPoolExecutor(settings.hash_at_once, "kavach-passwords")

    def hash(self, password: bytes) -> str:
        """Return a password's hash, with its salt and parameters in it."""
        with self._places:
            return self._ready[0].hash(password)

    def verify(self, stored: str | None, password: bytes) -> bool:
        """Tell whether a password is that of a stored hash; None, where there is none, takes the same time."""
        with self._places:
            hasher, nobodys = self._ready
            from argon2.exceptions import InvalidHashError, VerificationError

            try:
                return hasher.verify(stored or nobodys, password) and stored is not None
            except (VerificationError, InvalidHashError):
                return False

    def outdated(self, stored: str) -> bool:
        """Tell whether a hash was made with other parameters than those of now."""
        return self._ready[0].check_needs_rehash(stored)

    @cached_property
    def _ready(self) -> tuple[PasswordHasher, str]:
        """Return the hasher, and the hash that is verified where there is none: nobody knows its password."""
        try:
            from argon2 import PasswordHasher
        except ImportError as error:
            raise MissingDependency("passwords need argon2-cffi; run: pip install 'kavach-core[server]'") from error
        settings = self._settings
        hasher = PasswordHasher(settings.hash_time_cost, settings.hash_memory_kib, settings.hash_parallelism)
        return hasher, hasher.hash(secrets.token_bytes(32))


async def run_off_loop(passwords: Passwords, work: Callable[[], T]) -> T:
    """Run `work` in a thread, so that the event loop goes on."""
    return await asyncio.get_running_loop().run_in_executor(passwords.threads, work)


def run_here(passwords: Passwords, work: Callable[[], T]) -> T:
    """Run `work` in the thread of the caller, which is the host's to choose."""
    return work()
