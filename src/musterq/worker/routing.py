"""Where a task runs: in a thread, on the event loop, or in a child process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from musterq.errors import WorkerLoadError
from musterq.models import Claim
from musterq.queue.executors import Executor
from musterq.queue.tasks import TaskDefinition
from musterq.worker.locating import HOW_TO_BE_FOUND, address_of

Route = Literal["thread", "loop", "child"]
Definitions = Mapping[str, TaskDefinition[..., Any]]


def route_of(definition: TaskDefinition[..., Any], claim: Claim, default: Executor) -> Route:
    """Where this attempt is to run; ``default`` is the executor of the worker.

    Who may have to be killed, or has taken a process along before, runs in a child whatever its definition says.
    """
    if claim.suspect or claim.hard_timeout_seconds is not None:
        return "child"
    return _usual_route(definition, default)


def runnable_types(
    definitions: Definitions, types: frozenset[str], executor: Executor, *, all_of_them: bool
) -> frozenset[str]:
    """The types whose handlers this executor can run, of those that a worker is to take.

    With ``asyncio`` these are the ``async def`` ones; where others were named, ``all_of_them`` must be.

    Raises:
        WorkerLoadError: a handler cannot run where it must; the message names it.
    """
    if executor == "asyncio":
        types = _coroutines(definitions, types, all_of_them=all_of_them)
    for type in sorted(types):
        _check_can_be_found(definitions[type], executor)
    return types


def types_on_loop(definitions: Definitions, types: frozenset[str], executor: Executor) -> frozenset[str]:
    """The types whose tasks usually run on the event loop."""
    return frozenset(type for type in types if _usual_route(definitions[type], executor) == "loop")


def _usual_route(definition: TaskDefinition[..., Any], default: Executor) -> Route:
    executor = definition.executor
    if executor is None:
        executor = "asyncio" if definition.is_coroutine else default
    if executor == "processes":
        return "child"
    return "loop" if executor == "asyncio" and definition.is_coroutine else "thread"


def _coroutines(definitions: Definitions, types: frozenset[str], *, all_of_them: bool) -> frozenset[str]:
    fitting = frozenset(type for type in types if definitions[type].is_coroutine)
    if not fitting or (all_of_them and fitting != types):
        others = ", ".join(repr(type) for type in sorted(types - fitting))
        raise WorkerLoadError(
            f"executor='asyncio' runs handlers that are `async def`, and those of {others} are not;"
            " leave these types out, or take executor='threads' or 'processes', which run both kinds"
        )
    return fitting


def _check_can_be_found(definition: TaskDefinition[..., Any], executor: Executor) -> None:
    limited = definition.defaults.get("hard_timeout") is not None
    if (limited or _usual_route(definition, executor) == "child") and address_of(definition) is None:
        why = f"hard_timeout={definition.defaults.get('hard_timeout')}" if limited else "executor='processes'"
        raise WorkerLoadError(f"{why} runs {definition!r} in a child process, which cannot find it: {HOW_TO_BE_FOUND}")
