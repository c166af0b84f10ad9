"""What this process tells to OpenTelemetry: a process has one set of providers, so that all tests share this one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

DELTA = AggregationTemporality.DELTA


@dataclass(frozen=True)
class Told:
    """What was told since it was last asked for."""

    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader

    def spans(self) -> Sequence[ReadableSpan]:
        """Return the spans that ended, in that order."""
        found = self.exporter.get_finished_spans()
        self.exporter.clear()
        return found

    def metrics(self) -> dict[str, Any]:
        """Return the metrics by their names."""
        data = self.reader.get_metrics_data()
        if data is None:
            return {}
        return {
            metric.name: metric
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@cache
def _told() -> Told:
    told = Told(InMemorySpanExporter(), InMemoryMetricReader({Counter: DELTA, Histogram: DELTA}))
    spans = TracerProvider()
    spans.add_span_processor(SimpleSpanProcessor(told.exporter))
    trace.set_tracer_provider(spans)
    metrics.set_meter_provider(MeterProvider([told.reader]))
    return told


def listen() -> Told:
    """Return what is told from now on."""
    told = _told()
    told.spans()
    told.metrics()
    return told
