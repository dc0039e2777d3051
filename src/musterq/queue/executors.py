"""Where a worker runs handlers: in its threads, in child processes, or on an event loop."""

from __future__ import annotations

from typing import Literal

from musterq.scalars import check_word, shown

Executor = Literal["threads", "processes", "asyncio"]
EXECUTORS: tuple[Executor, ...] = ("threads", "processes", "asyncio")


def check_executor(value: object) -> Executor:
    """The name of an executor, in any case.

    Raises:
        TypeError, ValueError: it is none.
    """
    return check_word("executor", value, EXECUTORS)


def check_handlers_executor(value: object, *, is_coroutine: bool, hard_timeout: object) -> Executor | None:
    """The executor that a definition asks for; None: the worker's.

    Raises:
        TypeError, ValueError: it is none, or none for this handler.
    """
    if value is None:
        return None
    executor = check_executor(value)
    if executor == "asyncio" and not is_coroutine:
        raise ValueError("executor='asyncio' is for handlers that are `async def`; give 'threads' or 'processes'")
    if executor != "processes" and hard_timeout is not None:
        raise ValueError(
            f"executor={executor!r} cannot keep hard_timeout={shown(hard_timeout)}: only a process can be killed;"
            " give executor='processes', or none"
        )
    return executor
