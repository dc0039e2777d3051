"""The spans that have ended, as tests ask for them."""

from __future__ import annotations

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext


class Spans:
    """All that an exporter was given."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def named(self, name: str) -> list[ReadableSpan]:
        """Those of this name, as they ended."""
        return [span for span in self._exporter.get_finished_spans() if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        """The only one of this name."""
        (span,) = self.named(name)
        return span

    def names(self) -> list[str]:
        """All names, as they ended."""
        return [span.name for span in self._exporter.get_finished_spans()]


def context_of(span: ReadableSpan) -> SpanContext:
    """Which span it is."""
    context = span.get_span_context()
    assert context is not None
    return context


def attributes_of(span: ReadableSpan) -> dict[str, object]:
    """What it says."""
    return dict(span.attributes or {})


def links_of(span: ReadableSpan) -> list[int]:
    """The ids of the spans it is linked to."""
    return [link.context.span_id for link in span.links]


def parent_of(span: ReadableSpan) -> int | None:
    """The id of the span above it."""
    return None if span.parent is None else span.parent.span_id
