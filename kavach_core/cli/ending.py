"""How commands end."""

from __future__ import annotations

from typing import Final

OK: Final = 0
"""Done, or allowed."""

FAILED: Final = 1
"""Kavach refused or failed; nothing that the error does not name was done."""

MISUSED: Final = 2
"""The command line makes no sense."""

DENIED: Final = 3
"""The agent may not do what was asked."""

INTERRUPTED: Final = 130
"""What shells expect of a program that was stopped by Ctrl-C: 128 and the number of the signal."""


class Misused(Exception):
    """What was typed makes no sense, which only the command itself could find out."""
