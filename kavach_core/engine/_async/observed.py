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
from kavach_schema.records import Agent


class AsyncObservedAuthorization(AsyncAuthorization):
    """The same decisions, each with a span and its metrics."""

    def __init__(self, instruments: Instruments, *parts: Any) -> None:
        """Decide with the parts of an `AsyncAuthorization`."""
        super().__init__(*parts)
        self._instruments = instruments

    async def _authorize(
        self, find: Callable[[], Awaitable[Agent | None]], asked: Asked, started: float
    ) -> AuthorizeResult:
        with observing(self._instruments, asked.action) as decision:

            async def find_observed() -> Agent | None:
                with decision.storing():
                    agent = await find()
                if agent is not None:
                    decision.found(agent.id)
                return agent

            result = await super()._authorize(find_observed, asked, started)
            decision.decided(result, perf_counter() - started)
            return result

    async def _decide_and_record(
        self, agent: Agent | None, refused: Verdict | None, asked: Asked, started: float
    ) -> tuple[Decision, str | None]:
        with observed().storing():
            return await super()._decide_and_record(agent, refused, asked, started)
