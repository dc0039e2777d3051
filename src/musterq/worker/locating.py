"""How a child process finds a handler: by the module and the name that it has there."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable
from functools import reduce
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import Any

import msgspec

from musterq.queue.aio import AsyncTask
from musterq.queue.tasks import TaskDefinition

MAIN_IN_CHILD = "__mp_main__"  # as multiprocessing calls it, so that `if __name__ == "__main__"` guards here, too
HOW_TO_BE_FOUND = (
    "define it as a function of a module that can be imported, under its own name and not within another function,"
    " on Linux or macOS"
)


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where a handler is.

    Attributes:
        module: the module's name; `MAIN_IN_CHILD`: the program itself, from the file ``script``.
        name: the handler's name in there, with dots.
    """

    module: str
    name: str
    script: str | None = None


def address_of(definition: TaskDefinition[..., Any]) -> Address | None:
    """Where the handler of a definition is; None: another process cannot find it there."""
    if not hasattr(os, "wait4"):
        return None  # there are no such processes here
    function = definition.function
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if not (isinstance(module, str) and isinstance(name, str)) or "<" in name:
        return None
    try:
        found = _named(sys.modules[module], name)
    except (KeyError, AttributeError):
        return None
    if _handler(found) is not _handler(function):
        return None
    return _address_in_main(name) if module == "__main__" else Address(module=module, name=name)


def handler_at(address: Address) -> Callable[..., Any]:
    """The handler, its module imported.

    Raises:
        Exception: whatever the module raises.
    """
    if address.script is not None and not _is_loaded(address.script):
        _load_main(address.script)
    return _handler(_named(importlib.import_module(address.module), address.name))


def _named(module: ModuleType, name: str) -> Any:
    found: Any = reduce(getattr, name.split("."), module)
    return found


def _handler(found: Any) -> Callable[..., Any]:
    """The handler itself: without its definition, and without what stands around that."""
    inner = inspect.unwrap(found, stop=_is_definition)
    while _is_definition(inner):
        found = inner = inner.definition if isinstance(inner, AsyncTask) else inner.function
    handler: Callable[..., Any] = found
    return handler


def _is_definition(found: object) -> bool:
    return isinstance(found, TaskDefinition | AsyncTask)


def _address_in_main(name: str) -> Address | None:
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None:  # python -m: a child can import it under its own name; a folder or archive has none
        return None if spec.name == "__main__" else Address(module=spec.name, name=name)
    script = getattr(main, "__file__", None)
    return None if script is None else Address(module=MAIN_IN_CHILD, name=name, script=script)


def _is_loaded(script: str) -> bool:
    """Whether the program itself is; multiprocessing gives this name to any main module, also to that of a child."""
    return getattr(sys.modules.get(MAIN_IN_CHILD), "__file__", None) == script


def _load_main(script: str) -> None:
    loader = SourceFileLoader(MAIN_IN_CHILD, script)
    spec = importlib.util.spec_from_loader(MAIN_IN_CHILD, loader)
    if spec is None:
        raise ImportError(f"{script} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MAIN_IN_CHILD] = sys.modules["__main__"] = module
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[MAIN_IN_CHILD]
        raise
