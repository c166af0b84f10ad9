"""The certificates that connections to other servers trust."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl


@functools.cache
def trusted_certificates() -> ssl.SSLContext:
    """Return the system's certificates, or those of `SSL_CERT_FILE`, as httpx2 finds them.

    They are read once in a process: that takes 35 ms, while an event loop stands still.
    """
    import httpx2

    return httpx2.create_ssl_context()
