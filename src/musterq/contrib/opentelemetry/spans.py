"""Spans of tasks: one where they are enqueued, one for each attempt, linked by the trace context in their headers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version

from opentelemetry import context, propagate, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.trace import INVALID_SPAN, Link, Span, SpanKind, Status, StatusCode, TracerProvider

from musterq.contrib.opentelemetry import attributes as words
from musterq.contrib.opentelemetry.harmless import Untraced, harmless
from musterq.contrib.opentelemetry.headers import Carried, carried, carrying, headers_in, origin_of
from musterq.models import Claim, Enqueued, NewTask, Outcome
from musterq.queue.aio import AsyncTaskQueue
from musterq.queue.failures import error_text, error_type
from musterq.queue.task_queue import TaskQueue


def instrument(
    queue: TaskQueue | AsyncTaskQueue,
    tracer_provider: TracerProvider | None = None,
    *,
    propagator: TextMapPropagator | None = None,
    same_trace: bool = False,
) -> Callable[[], None]:
    """Trace what a queue enqueues and what its workers run; returns what ends that.

    Args:
        queue: whose tasks are traced, in this process. A worker traces those of its queue.
        tracer_provider: where spans go; None: the global one.
        propagator: how trace context stands in the headers of a task; None: the global one, which is W3C's
            ``traceparent``, ``tracestate`` and ``baggage`` unless the program says otherwise.
        same_trace: whether an attempt belongs to the trace in which its task was enqueued. Else it begins one of its
            own, with a link to where it comes from.

    Raises:
        TypeError: this is no queue.
        ValueError: somebody traces it already.
    """
    known = queue.queue if isinstance(queue, AsyncTaskQueue) else queue
    if not isinstance(known, TaskQueue):
        raise TypeError(f"instrument takes a TaskQueue or AsyncTaskQueue, not {type(queue).__name__}")
    events = known.events
    if events.tracer is not None:
        raise ValueError(f"{known!r} is traced already; call what instrument() returned to end that")
    tracer = trace.get_tracer("musterq", version("musterq"), tracer_provider)
    mine = events.tracer = SpanTracer(tracer, propagator or propagate.get_global_textmap(), same_trace=same_trace)

    def undo() -> None:
        if events.tracer is mine:
            events.tracer = None

    return undo


class SpanTracer:
    """Makes the spans."""

    def __init__(self, tracer: trace.Tracer, propagator: TextMapPropagator, *, same_trace: bool) -> None:
        self._tracer = tracer
        self._propagator = propagator
        self._same_trace = same_trace

    @contextmanager
    def write(self, tasks: Sequence[NewTask], *, many: bool) -> Iterator[SpannedWrite | Untraced]:
        """A span for a call that enqueues; its context goes along with every task that has none of the caller's own."""
        write = self._begin_write(tasks, many=many) or Untraced(tasks)
        try:
            yield write
        except BaseException as error:
            write.failed(error)
            raise
        finally:
            write.end()

    @contextmanager
    def attempt(self, claim: Claim) -> Iterator[SpannedAttempt | Untraced]:
        """A span for an attempt, which is current in its handler."""
        attempt = self._begin_attempt(claim)
        if attempt is None:
            yield Untraced()
            return
        token = context.attach(attempt.here)
        try:
            yield attempt
        finally:
            context.detach(token)
            attempt.end()

    @harmless
    def _begin_write(self, tasks: Sequence[NewTask], *, many: bool) -> SpannedWrite:
        origins = [self._origin(task) for task in tasks]
        attributes = words.of_tasks(tasks, many=many)
        span = self._tracer.start_span(
            _name(words.ENQUEUE, attributes),
            kind=SpanKind.PRODUCER,
            attributes=attributes,
            links=[Link(origin) for origin in origins if origin is not None],
        )
        carrier = self._carrier(span) or {}
        pairs = zip(tasks, origins, strict=True)
        carried_on = [task if origin is not None else carrying(task, carrier) for task, origin in pairs]
        return SpannedWrite(span, carried_on, many=many)

    @harmless
    def _begin_attempt(self, claim: Claim) -> SpannedAttempt:
        brought = carried(self._propagator, headers_in(claim.headers))
        origin = origin_of(brought)
        span = self._tracer.start_span(
            f"{words.PROCESS} {claim.type}",
            context=brought if self._same_trace else trace.set_span_in_context(INVALID_SPAN, brought),
            kind=SpanKind.CONSUMER,
            attributes=words.of_claim(claim),
            links=[] if origin is None else [Link(origin)],
        )
        return SpannedAttempt(span, trace.set_span_in_context(span, brought))

    @harmless
    def _carrier(self, span: Span) -> dict[str, str]:
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier, context=trace.set_span_in_context(span))
        return carrier

    def _origin(self, task: NewTask) -> trace.SpanContext | None:
        """The trace context that the caller has given to a task by hand."""
        if task.headers is None:
            return None
        return origin_of(carried(self._propagator, headers_in(task.headers)))


class SpannedWrite:
    """Tasks while they are written, in a span."""

    def __init__(self, span: Span, tasks: Sequence[NewTask], *, many: bool) -> None:
        self.tasks = tasks
        self._span = span
        self._many = many
        self._dropped = False

    @harmless
    def written(self, made: Sequence[Enqueued] | None) -> None:
        """Note the id of a single task. Where nothing was written, the span is never told of."""
        self._dropped = made is None
        if made is not None and not self._many:
            self._span.set_attributes(words.of_written(made[0]))

    @harmless
    def failed(self, error: BaseException) -> None:
        """Note why they were not."""
        self._span.set_attribute(words.ERROR_TYPE, error_type(error))
        self._span.set_status(Status(StatusCode.ERROR, error_text(error)))
        self._span.record_exception(error)

    @harmless
    def end(self) -> None:
        """End the span."""
        if not self._dropped:
            self._span.end()


class SpannedAttempt:
    """An attempt while it runs, in a span."""

    def __init__(self, span: Span, here: Context) -> None:
        self._span = span
        self.here = here

    @harmless
    def ended(self, outcome: Outcome) -> None:
        """Note how it ended, and the exception that ended it."""
        self._span.set_attributes(words.of_outcome(outcome))
        if words.ending(outcome) in words.ERRORS:
            self._span.set_status(Status(StatusCode.ERROR, outcome.error))
            if outcome.error_type is not None:
                self._span.add_event("exception", words.of_exception(outcome))

    def in_child(self) -> Carried:
        """What makes the span the parent of those that a child process begins."""
        return Carried(self.here)

    @harmless
    def end(self) -> None:
        """End the span."""
        self._span.end()


def _name(operation: str, attributes: words.Attributes) -> str:
    destination = attributes.get(words.DESTINATION)
    return operation if destination is None else f"{operation} {destination}"
