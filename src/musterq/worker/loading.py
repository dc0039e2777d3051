"""Finding the queue that a worker is to serve, and what it handles."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from musterq.errors import WorkerLoadError
from musterq.queue.task_queue import TaskQueue


def load_queue(target: str) -> TaskQueue:
    """Import the queue that ``module:name`` names; the current folder comes first in the search.

    Raises:
        WorkerLoadError: the module, or the queue in it, cannot be had, or the queue has no handlers.
    """
    module_name, colon, name = target.partition(":")
    if not (module_name and colon and name):
        raise WorkerLoadError(
            f"{target!r} names no queue; write MODULE:NAME, as in `myproject.tasks:queue` "
            f"for `queue = TaskQueue(...)` in myproject/tasks.py"
        )
    module = _import(module_name)
    queue = _find(module, name)
    if not queue.definitions:
        raise WorkerLoadError(
            f"{target} is a queue without handlers; decorate functions with @{name}.task() in {_place(module)}, "
            f"or name a module that imports those that do"
        )
    return queue


def handled_types(queue: TaskQueue, types: Iterable[str] | None) -> frozenset[str]:
    """The task types that a worker takes: those it was told, else all that the queue has handlers for.

    Raises:
        WorkerLoadError: nobody handles one of them, or there are no handlers at all.
    """
    handled = frozenset(queue.definitions)
    if not handled:
        raise WorkerLoadError("the queue has no handlers; decorate functions with @queue.task() before a worker starts")
    wanted = handled if types is None else frozenset(types)
    if unknown := sorted(wanted - handled):
        known = _listed(sorted(handled))
        raise WorkerLoadError(f"nobody handles {_listed(unknown)}; this queue has handlers for {known}")
    return wanted


def _import(name: str) -> ModuleType:
    here = str(Path.cwd())
    if name.startswith("."):  # else Python says what it cannot do with it
        raise _not_found(name, name, here)
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise _not_found(name, error.name, here) from error
        raise _broken(name, error) from error
    except (Exception, SystemExit) as error:
        raise _broken(name, error) from error


def _not_found(name: str, missing: str, here: str) -> WorkerLoadError:
    part = "" if missing == name else f" (there is no {missing!r})"
    hint = f"; a module is named with dots and without .py: {_dotted(name)}" if _looks_like_a_path(name) else ""
    return WorkerLoadError(
        f"there is no module {name!r}{part} in {here} nor in what is installed for {sys.executable}{hint}"
    )


def _looks_like_a_path(name: str) -> bool:
    return "/" in name or name.startswith(".") or name.endswith(".py")


def _dotted(name: str) -> str:
    return name.removesuffix(".py").strip("./").replace("/", ".")


def _broken(name: str, error: BaseException) -> WorkerLoadError:
    return WorkerLoadError(
        f"the module {name!r} is there, but importing it failed at {_where(error)} with {type(error).__name__}: "
        f"{error.msg if isinstance(error, SyntaxError) else error}"
    )


def _where(error: BaseException) -> str:
    """File and line of the mistake; that of syntax stands where no code has run yet."""
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f"{error.filename}:{error.lineno}"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}"


def _find(module: ModuleType, name: str) -> TaskQueue:
    found: Any = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise WorkerLoadError(f"there is no {name!r} in {_place(module)}; {_queues_in(module)}") from None
    if not isinstance(found, TaskQueue):
        kind = type(found).__name__
        raise WorkerLoadError(f"{name!r} in {_place(module)} is a {kind}, not a TaskQueue; {_queues_in(module)}")
    return found


def _queues_in(module: ModuleType) -> str:
    names = sorted(name for name, value in vars(module).items() if isinstance(value, TaskQueue))
    return f"the queues there: {', '.join(names)}" if names else "no queue is there: write `queue = TaskQueue(...)`"


def _place(module: ModuleType) -> str:
    return getattr(module, "__file__", None) or f"the module {module.__name__}"


def _listed(types: Iterable[str]) -> str:
    return ", ".join(repr(type) for type in types)
