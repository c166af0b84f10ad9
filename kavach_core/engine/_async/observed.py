"""Decisions that are told to OpenTelemetry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from kavach_core.engine._async.authorization import AsyncAuthorization
from kavach_core.engine.deciding import Asked, Decision
from kavach_core.engine.telemetry import Instruments, observed, observing
from kavach_core.engine.values import AuthorizeResult
from kavach_core.policy.decisions import Verdict
from kavach_core.storage.facts import AgentFacts


class AsyncObservedAuthorization(AsyncAuthorization):
    """The same decisions, each with a span and its metrics."""

    def __init__(self, instruments: Instruments, *parts: Any) -> None:
        """Decide with the parts of an `AsyncAuthorization`."""
        super().__init__(*parts)
        self._instruments = instruments

    async def _authorize(
        self, find: Callable[[], Awaitable[AgentFacts | None]], asked: Asked, started: float
    ) -> AuthorizeResult:
        with observing(self._instruments, asked.action) as decision:

            async def find_observed() -> AgentFacts | None:
                begun = perf_counter()
                try:
                    known = await find()
                finally:
                    decision.stored += perf_counter() - begun
                if known is not None:
                    decision.found(known.agent.id)
                return known

            result = await super()._authorize(find_observed, asked, started)
            decision.decided(result, perf_counter() - started)
            return result

    async def _decide_and_record(
        self, known: AgentFacts | None, refused: Verdict | None, asked: Asked, started: float
    ) -> tuple[Decision, str | None]:
        begun = perf_counter()
        try:
            return await super()._decide_and_record(known, refused, asked, started)
        finally:
            observed().stored += perf_counter() - begun
