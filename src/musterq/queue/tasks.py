"""Task definitions: a function, the type it handles, and the options its tasks get."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, Unpack

import msgspec

from musterq.checks import SharedOptions, TaskOptions, payload_text
from musterq.limits import type_limit
from musterq.models import NewTask
from musterq.queue.executors import Executor, check_handlers_executor
from musterq.queue.handles import Handle
from musterq.queue.keys import KeyTemplate
from musterq.queue.parameters import Parameters
from musterq.queue.parts import Part

P = ParamSpec("P")
R = TypeVar("R")


class DefinitionOptions(SharedOptions, total=False):
    """What all tasks of a definition may have in common; each is explained at `TaskQueue.enqueue`."""

    executor: Executor | None
    limit: int | None
    rate: str | tuple[int, float] | None


class Enqueuer(Protocol):
    """What a definition needs of the queue it belongs to."""

    @property
    def max_payload_bytes(self) -> int:
        """The longest payload, as JSON text in bytes."""

    def build(self, type: str, payload: Any, options: TaskOptions | DefinitionOptions) -> NewTask:
        """Check all parts of a task."""

    def put(self, task: NewTask, within: Any = None) -> Handle[Any]:
        """Write one task."""


class TaskDefinition(Generic[P, R]):
    """A handler that is called as before, and whose ``enqueue`` has a worker call it with the same arguments.

    Attributes:
        type: the type of its tasks.
        function: the handler itself.
        defaults: the options that its tasks get unless they are given others.
        parameters: what the handler can be called with.
        is_coroutine: whether calling it gives a coroutine.
        executor: where a worker runs it; None: wherever the worker runs what asks for nothing.
        limit: the limit that a worker gives its type when it starts; None: it leaves that alone.
    """

    def __init__(self, queue: Enqueuer, type: str, function: Callable[P, Any], defaults: DefinitionOptions) -> None:
        self.type = type
        self.function = function
        self.is_coroutine = inspect.iscoroutinefunction(function)
        self.executor = check_handlers_executor(
            defaults.get("executor"), is_coroutine=self.is_coroutine, hard_timeout=defaults.get("hard_timeout")
        )
        self.defaults = _of_tasks(defaults)
        self.limit = type_limit(defaults.get("limit"), defaults.get("rate"))
        self.parameters = Parameters(type, function)
        key = defaults.get("concurrency_key")
        self._key = None if key is None else KeyTemplate(key, self.parameters)
        self._queue = queue
        self._template = self._checked_template()
        functools.update_wrapper(self, function)

    def _checked_template(self) -> NewTask | None:
        template = self._queue.build(self.type, {}, self.defaults)
        return None if template.expires_at is not None else template  # which is counted from each enqueue

    @property
    def max_result_bytes(self) -> int:
        """The longest result, as JSON text in bytes: what a payload of its queue may be."""
        return self._queue.max_payload_bytes

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Call the handler, here and now."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.type!r}: {self.function.__module__}.{self.function.__qualname__}>"

    def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> Handle[R]:
        """Have a worker call the handler with these arguments, which must be JSON.

        Raises:
            TypeError, ValueError: the handler cannot be called so, or an argument is not JSON; nothing was written.
        """
        payload = self.parameters.bind(args, kwargs)
        if self._template is None:
            return self._queue.put(self.build(payload, {}))
        text = payload_text(payload, self._queue.max_payload_bytes)
        if self._key is None:
            return self._queue.put(msgspec.structs.replace(self._template, payload=text))
        key = self._key.fill(payload)
        return self._queue.put(msgspec.structs.replace(self._template, payload=text, concurrency_key=key))

    def options(self, *, within: Any = None, **options: Unpack[TaskOptions]) -> BoundTask[P, R]:
        """Enqueue with other options than the definition's; ``within`` is a connection in the caller's transaction."""
        return BoundTask(self, options, within)

    def part(self, *args: Any, **kwargs: Any) -> Part:
        """A task for `TaskQueue.chain` or `TaskQueue.group`, with these arguments.

        One that the handler needs may be left open: the result of what is before the part takes its place.

        Raises:
            TypeError, ValueError: the handler cannot be called so, or an argument is not JSON.
        """
        return self.part_of(self.parameters.bind_partly(args, kwargs), {})

    def part_of(self, payload: Any, options: TaskOptions) -> Part:
        """The same of a payload, with other options than the definition's."""
        if type(payload) is not dict:
            self.parameters.check(payload)
        for name in payload:
            self.parameters.check_name(name)
        return Part(self.build(payload, options), payload, self.parameters)

    def build(self, payload: dict[str, Any], options: TaskOptions) -> NewTask:
        """A task of this type, checked, with these options over the definition's."""
        merged: TaskOptions = {**self.defaults, **options}  # type: ignore[typeddict-unknown-key] # see _of_tasks
        if "expires_at" in options and "expires_in" not in options:
            merged.pop("expires_in", None)
        if self._key is not None and "concurrency_key" not in options:
            merged["concurrency_key"] = self._key.fill(payload)
        if merged.get("concurrency_key") is None and "concurrency_limit" not in options:
            merged.pop("concurrency_limit", None)  # of the definition's key, which this task does without
        return self._queue.build(self.type, payload, merged)

    def put(self, payload: dict[str, Any], options: TaskOptions, within: Any) -> Handle[R]:
        """Build a task and write it."""
        return self._queue.put(self.build(payload, options), within)


class FunctionTask(TaskDefinition[P, R]):
    """A definition whose handler is a plain function."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the handler, here and now."""
        result: R = self.function(*args, **kwargs)
        return result


class CoroutineTask(TaskDefinition[P, R]):
    """A definition whose handler is an ``async def``."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]:
        """Call the handler: await what it returns."""
        coroutine: Coroutine[Any, Any, R] = self.function(*args, **kwargs)
        return coroutine


class BoundTask(Generic[P, R]):
    """A definition with other options."""

    def __init__(self, definition: TaskDefinition[P, R], options: TaskOptions, within: Any) -> None:
        self._definition = definition
        self._options = options
        self._within = within

    def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> Handle[R]:
        """Have a worker call the handler with these arguments.

        Raises:
            TypeError, ValueError: an argument or an option is not allowed; nothing was written.
        """
        payload = self._definition.parameters.bind(args, kwargs)
        return self._definition.put(payload, self._options, self._within)

    def part(self, *args: Any, **kwargs: Any) -> Part:
        """A task for a chain or group, with these arguments; as `TaskDefinition.part`.

        Raises:
            TypeError, ValueError: an argument or an option is not allowed.
        """
        if self._within is not None:
            raise ValueError("a part is written by chain() or group(): give within= to these")
        payload = self._definition.parameters.bind_partly(args, kwargs)
        return self._definition.part_of(payload, self._options)


def _of_tasks(defaults: DefinitionOptions) -> DefinitionOptions:
    """Without what is said of the handler alone."""
    kept = defaults.copy()
    for option in ("executor", "limit", "rate"):
        kept.pop(option, None)  # type: ignore[misc] # a name at a time
    return kept


def define(
    queue: Enqueuer, type: str | None, function: Callable[..., Any], defaults: DefinitionOptions
) -> TaskDefinition[..., Any]:
    """Make the definition that suits the kind of function.

    Raises:
        TypeError: it is no function, or a generator, or has parameters that cannot be named.
    """
    if not callable(function):
        raise TypeError(f"a handler is a function, not {function!r}; options go by name: @queue.task(type=...)")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"{function!r} is a generator, which does nothing when it is called: return a list instead")
    name = getattr(function, "__name__", "") if type is None else type
    kind = CoroutineTask if inspect.iscoroutinefunction(function) else FunctionTask
    return kind(queue, name, function, defaults)
