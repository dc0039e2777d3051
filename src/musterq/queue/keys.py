"""The concurrency key of a definition: a text with its handler's arguments in it."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any

from musterq.checks import check_key
from musterq.queue.parameters import Parameters
from musterq.scalars import shown


class KeyTemplate:
    """A key such as ``user:{user_id}``, which each task fills with its own arguments; ``{{`` is a brace.

    Args:
        text: the key; what stands in braces is the name of a parameter.
        parameters: what the handler can be called with.

    Raises:
        TypeError: it is no text.
        ValueError: it is empty or too long, names something else than a parameter, or a brace has no partner.
    """

    def __init__(self, text: object, parameters: Parameters) -> None:
        self.text = check_key("concurrency_key", text)
        self._parameters = parameters
        try:
            self._parts = [(before, name) for before, name, _, _ in map(self._checked, Formatter().parse(self.text))]
        except ValueError as error:
            raise ValueError(
                f"concurrency_key={shown(text)} cannot be filled: {error}; write the names of parameters in braces,"
                f" as in 'user:{{user_id}}'"
            ) from None

    def fill(self, payload: Mapping[str, Any]) -> str:
        """The key of a task with these arguments.

        Raises:
            TypeError: an argument in it is neither a text nor a whole number.
            ValueError: an argument in it is not given, or the key is too long.
        """
        filled = (before + ("" if name is None else self._argument(name, payload)) for before, name in self._parts)
        return check_key("concurrency_key", "".join(filled))

    def _argument(self, name: str, payload: Mapping[str, Any]) -> str:
        if name in payload:
            value = payload[name]
        elif name in self._parameters.defaults:
            value = self._parameters.defaults[name]
        else:
            raise ValueError(f"concurrency_key={shown(self.text)} needs the argument {name!r}, which is not given")
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise TypeError(
                f"concurrency_key={shown(self.text)} takes {name}={shown(value)}, a {type(value).__name__};"
                f" a key is made of texts and whole numbers: give concurrency_key= with the task"
            )
        return str(value)

    def _checked(self, part: tuple[str, str | None, str | None, str | None]) -> tuple[str, str | None, Any, Any]:
        _, name, form, conversion = part
        if form or conversion:
            raise ValueError(f"{{{name}}} has a form of its own")
        if name is not None and not (name.isidentifier() and self._parameters.knows(name)):
            raise ValueError(f"there is no parameter {name!r}")
        return part
