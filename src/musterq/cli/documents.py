"""Tasks and workers as the documents that ``--json`` prints: every key always there, JSON text decoded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from musterq.models import Task

_JSON_OF_A_TASK = ("payload", "compatibility", "headers", "result")


def task_document(task: Task) -> dict[str, Any]:
    """A task by its column names."""
    document = task.to_dict()
    plain = {name: decoded(document[name]) for name in _JSON_OF_A_TASK}
    return document | plain | {"cancel_requested": bool(task.cancel_requested)}


def worker_document(activity: Mapping[str, Any]) -> dict[str, Any]:
    """A worker and what it is doing."""
    return {**activity, **{name: decoded(activity[name]) for name in ("capabilities", "settings")}}


def abilities(capabilities: Any) -> str:
    """``cpu=8 gpu=true``: as one types them for a worker."""
    if not isinstance(capabilities, dict):
        return str(capabilities)
    return " ".join(f"{name}={_plain(ability)}" for name, ability in capabilities.items()) or "–"


def decoded(text: str | None) -> Any:
    """The value of JSON text; the text itself where somebody put in what is not JSON."""
    if text is None:
        return None
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
