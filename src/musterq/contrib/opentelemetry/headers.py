"""Trace context in the headers of tasks, and on its way to a child process."""

from __future__ import annotations

import json
from collections.abc import Mapping

from msgspec.structs import replace
from opentelemetry import context, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.trace import SpanContext
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from musterq.models import NewTask

_TO_CHILD = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])


def headers_in(text: str | None) -> dict[str, str]:
    """The headers of a task that are as they should be: plain SQL may have put in anything."""
    if text is None:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # of what is nested too deep
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}


def carried(propagator: TextMapPropagator, headers: Mapping[str, str]) -> Context:
    """The context that headers carry, and nothing else."""
    return propagator.extract(headers, context=Context())


def origin_of(carried: Context) -> SpanContext | None:
    """The span in a context."""
    found = trace.get_current_span(carried).get_span_context()
    return found if found.is_valid else None


def carrying(task: NewTask, carrier: Mapping[str, str]) -> NewTask:
    """A task whose headers have these, too."""
    if not carrier:
        return task
    return replace(task, headers=json.dumps({**headers_in(task.headers), **carrier}))


class Carried:
    """A context manager that can be pickled: in it, the context that it was made in is current again."""

    def __init__(self, here: Context) -> None:
        self._carrier: dict[str, str] = {}
        _TO_CHILD.inject(self._carrier, context=here)

    def __enter__(self) -> None:
        self._token = context.attach(carried(_TO_CHILD, self._carrier))

    def __exit__(self, *error: object) -> None:
        context.detach(self._token)
