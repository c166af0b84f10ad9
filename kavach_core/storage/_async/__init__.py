"""The face of a storage in one colour: `_async` is the source, `_sync` is generated from it."""
