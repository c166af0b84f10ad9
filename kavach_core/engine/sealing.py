"""Batches of audit rows as values: digests of rows, the root of a batch, and the chain from one batch to the next.

A row is bound by the digest of all that it holds, a batch by the root of a Merkle tree over the digests of its rows
(RFC 9162, section 2.1.1), and the trail by the hash of its newest seal, which covers root and predecessor. The digests
are stored with the seal, so that not only the batch but the row can be named that is not as it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from kavach_schema.inputs import AuditSealInput
from kavach_schema.records import AuditLog, AuditSeal

BATCH: Final = 500
"""Rows of one seal at most."""

_DIGITS: Final = 18
"""Of a number as a key: as many as a 64-bit integer may have."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a seal says of one row."""

    timestamp: datetime
    digest: str
    id: str

    @classmethod
    def of(cls, row: AuditLog) -> Leaf:
        """Return what a seal says of this row as it is now."""
        return cls(row.timestamp, row_digest(row), row.id)

    @classmethod
    def read(cls, text: str) -> Leaf:
        """Return a stored leaf; raises `ValueError` for what is none."""
        seconds, digest, id = text.split(" ", 2)
        try:
            return cls(datetime.fromtimestamp(int(seconds), UTC), digest, id)
        except (OverflowError, OSError) as error:
            raise ValueError("a leaf has a time that no row has") from error

    def __str__(self) -> str:
        """Return the text that is stored."""
        return f"{_seconds(self.timestamp)} {self.digest} {self.id}"

    @property
    def place(self) -> tuple[datetime, str]:
        """Return where in the trail the row stands."""
        return self.timestamp, self.id


def row_digest(row: AuditLog) -> str:
    """Return the SHA-256 of all that a row holds; columns without a value are left out, so that new ones may come."""
    held = {name: value for name, value in row if value is not None}
    return _digest({**held, "timestamp": _seconds(row.timestamp)})


def merkle_root(leaves: Sequence[str]) -> str:
    """Return the root of the Merkle tree over these leaves, as RFC 9162 has it."""
    return _tree([hashlib.sha256(b"\0" + leaf.encode()).digest() for leaf in leaves]).hex()


def _tree(hashes: Sequence[bytes]) -> bytes:
    if len(hashes) < 2:
        return hashes[0] if hashes else hashlib.sha256().digest()
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    return hashlib.sha256(b"\1" + _tree(hashes[:split]) + _tree(hashes[split:])).digest()


def new_seal(
    before: AuditSeal | None, rows: Sequence[AuditLog], now: datetime, removed: datetime | None
) -> AuditSealInput:
    """Return the seal that comes after `before` and covers these rows; those older than `removed` may be deleted."""
    leaves = [str(Leaf.of(row)) for row in rows]
    number = 1 if before is None else before.number + 1
    last = rows[-1] if rows else None
    seal: AuditSealInput = {
        "id": seal_id(number),
        "number": number,
        "leaves": leaves,
        "row_count": len(leaves),
        "root": merkle_root(leaves),
        "last_timestamp": last.timestamp if last else before.last_timestamp if before else None,
        "last_id": last.id if last else before.last_id if before else None,
        "removed_before": None if removed is None else removed.replace(microsecond=0),
        "previous": "" if before is None else before.hash,
        "hash": "",
        "sealed_at": now.replace(microsecond=0),
    }
    return {**seal, "hash": seal_hash(seal)}


def seal_id(number: int) -> str:
    """Return the key of the seal with this number: of several that write the same, one wins."""
    return f"{number:0{_DIGITS}}"


def seal_hash(seal: Mapping[str, object]) -> str:
    """Return the hash that a seal must have; the leaves are in it by their root."""
    covered = {name: value for name, value in seal.items() if name not in ("leaves", "hash")}
    return _digest({name: _seconds(value) if isinstance(value, datetime) else value for name, value in covered.items()})


def is_intact(seal: AuditSeal, before: AuditSeal | None) -> bool:
    """Tell whether a seal is what was written after `before`, by all that it says itself."""
    stored: object = seal.leaves
    if not isinstance(stored, list) or not all(isinstance(leaf, str) for leaf in stored):
        return False
    return (
        seal.id == seal_id(seal.number)
        and seal.previous == ("" if before is None else before.hash)
        and seal.row_count == len(seal.leaves)
        and seal.root == merkle_root(seal.leaves)
        and seal.hash == seal_hash(dict(seal))
    )


def _digest(held: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(held, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
