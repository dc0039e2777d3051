"""What a handler can be called with: the arguments of a call as a payload, and a payload as the arguments of a call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from inspect import Parameter
from typing import Any

_BY_NAME = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


class Parameters:
    """The parameters of one handler, all of which can be named: a payload is a JSON object of keyword arguments.

    Raises:
        TypeError: the handler has parameters that cannot be named (``def f(a, /)``, ``def f(*args)``).
    """

    def __init__(self, type: str, function: Callable[..., Any]) -> None:
        self._type = type
        self._signature = inspect.signature(function)
        parameters = self._signature.parameters.values()
        for parameter in parameters:
            self._require_a_name(parameter)
        self._positional = tuple(p.name for p in parameters if p.kind is Parameter.POSITIONAL_OR_KEYWORD)
        self._known = frozenset(p.name for p in parameters if p.kind in _BY_NAME)
        self._required = frozenset(p.name for p in parameters if p.kind in _BY_NAME and p.default is Parameter.empty)
        self._needed = tuple(p.name for p in parameters if p.name in self._required)  # in order
        self.defaults = {p.name: p.default for p in parameters if p.default is not Parameter.empty}
        self._open = any(p.kind is Parameter.VAR_KEYWORD for p in parameters)

    def _require_a_name(self, parameter: Parameter) -> None:
        if parameter.kind in (Parameter.POSITIONAL_ONLY, Parameter.VAR_POSITIONAL):
            name = f"*{parameter.name}" if parameter.kind is Parameter.VAR_POSITIONAL else parameter.name
            raise TypeError(
                f"the handler of {self._type!r} has the parameter {name!r}, which cannot be given by name, "
                f"and a payload is a JSON object of named arguments: use parameters such as (a, b=1, *, c, **more), "
                f"or one parameter that takes a list"
            )

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a call by name; what a default gives is left to the default.

        Raises:
            TypeError: the handler cannot be called like this.
        """
        if not args:
            payload = kwargs
        else:
            payload = dict(zip(self._positional, args, strict=False))
            payload.update(kwargs)
            if len(payload) != len(args) + len(kwargs):  # too many, or one given twice
                self._complain(args, kwargs)
        if not self.accept(payload):
            self._complain(args, kwargs)
        return payload

    def bind_partly(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The same of a call that leaves arguments open.

        Raises:
            TypeError: the handler cannot be called like this, whatever is added.
        """
        try:
            self._signature.bind_partial(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self._type!r} takes {self._signature}: {error}") from None
        return {**dict(zip(self._positional, args, strict=False)), **kwargs}

    def first_needed(self, names: Collection[str]) -> str | None:
        """The first parameter without a default that is not among these; None: there is none."""
        return next((name for name in self._needed if name not in names), None)

    def knows(self, name: str) -> bool:
        """Whether an argument may have this name."""
        return self._open or name in self._known

    def check_name(self, name: str) -> None:
        """Refuse the name of an argument that the handler does not take.

        Raises:
            TypeError: with what it takes.
        """
        if not self._open and name not in self._known:
            raise TypeError(f"{self._type!r} takes {self._signature}, and no argument {name!r}")

    def accept(self, names: Mapping[str, Any]) -> bool:
        """Whether the handler can be called with arguments of these names."""
        given = names.keys()
        return given >= self._required and (self._open or given <= self._known)

    def check(self, payload: Any) -> None:
        """Refuse a payload that is not an object of arguments that the handler can be called with.

        Raises:
            TypeError: with what does not fit.
        """
        if type(payload) is not dict:
            raise TypeError(
                f"the payload of a {self._type!r} task is a JSON object of its handler's arguments "
                f"{self._signature}, not a {type(payload).__name__}"
            )
        if not self.accept(payload):
            self._complain((), payload)

    def _complain(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        try:
            self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self._type!r} takes {self._signature}: {error}") from None
