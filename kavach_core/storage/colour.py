"""What differs between the colours and has no counterpart of the same shape in the standard library."""

from __future__ import annotations

import asyncio
import threading


def current_task() -> object:
    """Return the running asyncio task, as something that only it is."""
    return asyncio.current_task()


def current_thread() -> object:
    """Return the running thread, as something that only it is."""
    return threading.current_thread()
