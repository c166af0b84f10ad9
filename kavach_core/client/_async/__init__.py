"""Calls of the server, written as asyncio; `_sync` is generated from here."""
