"""Spans and metrics of decisions, by the OpenTelemetry API where the application has it installed.

Names and units follow https://opentelemetry.io/docs/specs/semconv/general/. What is told leaves the application, so it
is less than an audit row has: neither resource nor arguments nor messages of errors, and no id but one that exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from inspect import signature
from typing import TYPE_CHECKING, Final

from kavach_core.engine.values import AuthorizeResult

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, Histogram
    from opentelemetry.trace import Span, Tracer

_SCOPE: Final = "kavach_core"
_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Instruments:
    """What decisions are told to."""

    tracer: Tracer
    decisions: Counter
    duration: Histogram
    storage: Histogram


@cache
def find_instruments() -> Instruments | None:
    """Return the instruments; None where the API is not installed, or is older than 1.30.

    The host may set its providers before or after: the API hands over to them what it was asked for until then.
    """
    try:
        from opentelemetry.metrics import Meter, get_meter
        from opentelemetry.trace import get_tracer
    except ImportError:
        return None
    if "explicit_bucket_boundaries_advisory" not in signature(Meter.create_histogram).parameters:
        return None
    meter = get_meter(_SCOPE)
    return Instruments(
        get_tracer(_SCOPE),
        meter.create_counter("kavach.decisions", "{decision}", "Decisions that were made."),
        meter.create_histogram(
            "kavach.decision.duration",
            "s",
            "How long a decision took, from the call to the answer.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        ),
        meter.create_histogram(
            "kavach.storage.duration",
            "s",
            "How much of a decision was spent on reading, and on recording what was decided.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        ),
    )


class Observed:
    """A decision that is being made: its span, and the seconds that the storage took so far, `stored`."""

    __slots__ = ("_instruments", "_span", "stored")

    def __init__(self, instruments: Instruments, span: Span) -> None:
        """Begin."""
        self._instruments = instruments
        self._span = span
        self.stored = 0.0

    def found(self, agent_id: str) -> None:
        """Say whose call it is; the agent MUST exist, for any other id may be a secret that was sent by mistake."""
        self._span.set_attribute("kavach.agent_id", agent_id)

    def decided(self, result: AuthorizeResult, seconds: float) -> None:
        """Tell the decision, which took some seconds."""
        attributes: dict[str, bool | str] = {"kavach.allowed": result.allowed}
        if result.code is not None:
            attributes["kavach.code"] = result.code
        self._instruments.decisions.add(1, attributes)
        self._instruments.duration.record(seconds, attributes)
        self._instruments.storage.record(self.stored, attributes)
        self._span.set_attributes(attributes)
        if result.audit_id is not None:
            self._span.set_attribute("kavach.audit_id", result.audit_id)
        if result.code == "audit_unavailable":
            self.failed(result.code)

    def failed(self, kind: str) -> None:
        """Tell that no decision could be made or recorded; a denial is no failure."""
        from opentelemetry.trace import StatusCode

        self._span.set_attribute("error.type", kind)
        self._span.set_status(StatusCode.ERROR)


_current: ContextVar[Observed] = ContextVar("kavach_observed")


def observed() -> Observed:
    """Return the decision that is being made here."""
    return _current.get()


@contextmanager
def observing(instruments: Instruments, action: str) -> Iterator[Observed]:
    """Observe a decision about an action in a span of its own, which is the current one in this block."""
    with _span(instruments.tracer, action) as span:
        begun = Observed(instruments, span)
        token = _current.set(begun)
        try:
            yield begun
        except BaseException as error:
            begun.failed(type(error).__qualname__)
            raise
        finally:
            _current.reset(token)


def _span(tracer: Tracer, action: str) -> AbstractContextManager[Span]:
    """Return the span of a decision; where the host has set no provider, the one that goes nowhere.

    To make the API find that out for itself takes five times as long as all the rest that is done here.
    """
    from opentelemetry.trace import INVALID_SPAN, ProxyTracerProvider, get_tracer_provider

    if isinstance(get_tracer_provider(), ProxyTracerProvider):
        return nullcontext(INVALID_SPAN)
    return tracer.start_as_current_span(
        "kavach.authorize",
        attributes={"kavach.action": action},
        record_exception=False,  # messages may quote values
        set_status_on_exception=False,
    )
