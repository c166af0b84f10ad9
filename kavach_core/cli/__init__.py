"""The command line: `kavach demo`, on any database that Kavach runs on, and `kavach conformance`."""

from kavach_core.cli.commands import main

__all__ = ["main"]
