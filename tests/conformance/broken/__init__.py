"""Adapters that are broken on purpose, each in one way that was met in the field or is easily made."""

from conformance.broken import answers, races, transactions, values
from conformance.broken.working import CAUGHT_BY, WithoutSavepoints, Working, harness_of

__all__ = ["CAUGHT_BY", "WithoutSavepoints", "Working", "answers", "harness_of", "races", "transactions", "values"]
