"""Reading the values of options: text from a command line or the environment, or values from a TOML file.

Each returns the value as `WorkerOptions` holds it, or raises a TypeError or ValueError that says what to give.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from musterq.checks import (
    capabilities_text,
    check_positive_int,
    check_seconds,
    check_strategy,
    check_types,
    check_worker_id,
)
from musterq.models import SchedulingStrategy
from musterq.queue.current import LOG_LEVELS
from musterq.queue.executors import Executor, check_executor
from musterq.scalars import check_word, shown

MOST_THREADS = 1000
MAX_TASKS_PER_CHILD = 1000
MOST_TASKS_PER_CHILD = 1_000_000_000
MOST_CHILD_MIB = 2**30
LOG_OFF = "off"
LOG_FORMATS = ("text", "json")
TASK_LOG_LEVELS = (*(level.lower() for level in LOG_LEVELS), LOG_OFF)
_YES_OR_NO = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_NEXT_CAPABILITY = re.compile(r",(?=[^,=]+=)")  # a comma within a JSON list has no NAME= behind it


def database(value: object) -> str:
    """A path or URL."""
    if not isinstance(value, str) or not value:
        raise TypeError("give the path of a file, or a URL")
    return value


def worker_id(value: object) -> str:
    """An id."""
    return check_worker_id(value)


def concurrency(value: object) -> int:
    """How many threads."""
    return check_positive_int("concurrency", _number(value), MOST_THREADS)


def grace(value: object) -> float:
    """Seconds."""
    return check_seconds("grace", _number(value))


def executor(value: object) -> Executor:
    """An executor by its name."""
    return check_executor(value)


def max_tasks_per_child(value: object) -> int:
    """How many tasks."""
    return check_positive_int("max_tasks_per_child", _number(value), MOST_TASKS_PER_CHILD)


def max_child_mib(value: object) -> int:
    """MiB."""
    return check_positive_int("max_child_mib", _number(value), MOST_CHILD_MIB)


def strategy(value: object) -> SchedulingStrategy:
    """A strategy by its name."""
    return check_strategy(value)


def max_wait(value: object) -> float:
    """Seconds."""
    return check_seconds("max_wait", _number(value))


def burst(value: object) -> bool:
    """Yes or no."""
    if isinstance(value, bool):
        return value
    answer = _YES_OR_NO.get(value.lower()) if isinstance(value, str) else None
    if answer is None:
        raise ValueError(f"burst={shown(value)} is neither yes nor no; give true or false")
    return answer


def task_log_level(value: object) -> str:
    """A level of `logging` by its name, or ``off``; in lower case."""
    return check_word("task_log_level", value, TASK_LOG_LEVELS)


def log_format(value: object) -> str:
    """``text`` or ``json``."""
    return check_word("log_format", value, LOG_FORMATS)


def types(value: object) -> frozenset[str] | None:
    """Names: a list, or a text with commas between them; a list's texts may hold several, too."""
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, Iterable) or not all(isinstance(name, str) for name in listed):
        raise TypeError("give names of types, with commas between them")
    names = (name.strip() for text in listed for name in text.split(","))
    return check_types([name for name in names if name])


def capabilities(value: object) -> dict[str, Any]:
    """What a worker offers: an object, or texts such as ``gpu=true``, or one such text with commas between them."""
    if isinstance(value, str):
        value = _object(value) if value.lstrip().startswith("{") else _NEXT_CAPABILITY.split(value)
    if isinstance(value, Iterable) and not isinstance(value, Mapping):
        value = dict(_capability(item) for item in value)
    if not isinstance(value, dict):
        raise TypeError("give capabilities as NAME=VALUE, as in gpu=true")
    capabilities_text(value)
    return value


def _number(value: object) -> object:
    """A text as the number that it writes; else as it is, for the check to refuse."""
    for kind in (int, float):
        try:
            return kind(value) if isinstance(value, str) else value
        except ValueError:
            continue
    return value


def _capability(item: object) -> tuple[str, Any]:
    name, equals, text = item.partition("=") if isinstance(item, str) else ("", "", "")
    if not (name.strip() and equals):
        raise ValueError(f"{shown(item)} is no capability; write NAME=VALUE, as in gpu=true, cpu=8 or zone=eu")
    return name.strip(), _value(name.strip(), text.strip())


def _value(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        if text.startswith(("[", "{", '"')):
            raise ValueError(f"the value of {name!r} is not JSON: {text}; quote it for the shell") from None
        return text


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"this is no JSON object: {error}") from error
