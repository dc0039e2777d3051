"""The options of a worker: from the command line, else the environment, else a TOML file, else the defaults."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from musterq.models import SchedulingStrategy
from musterq.option_file import CONFIG_NAME, read_table
from musterq.queue.executors import Executor
from musterq.scalars import shown
from musterq.worker import option_values as values

TABLE = "worker"


class WorkerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a worker process is to work; `WorkerEngine` says what each means."""

    database: str | None = None
    worker_id: str | None = None
    concurrency: int = 8
    executor: Executor = "threads"
    max_tasks_per_child: int = values.MAX_TASKS_PER_CHILD
    max_child_mib: int | None = None
    strategy: SchedulingStrategy = SchedulingStrategy.PRIORITY
    max_wait: float | None = None
    types: frozenset[str] | None = None
    capabilities: dict[str, Any] = msgspec.field(default_factory=dict)
    burst: bool = False
    grace: float = 30.0
    task_log_level: str = "info"
    log_format: str = "text"


READERS: Mapping[str, Callable[[Any], Any]] = {
    "database": values.database,
    "worker_id": values.worker_id,
    "concurrency": values.concurrency,
    "executor": values.executor,
    "max_tasks_per_child": values.max_tasks_per_child,
    "max_child_mib": values.max_child_mib,
    "strategy": values.strategy,
    "max_wait": values.max_wait,
    "types": values.types,
    "capabilities": values.capabilities,
    "burst": values.burst,
    "grace": values.grace,
    "task_log_level": values.task_log_level,
    "log_format": values.log_format,
}


FLAGS = {
    "worker_id": "worker-id",
    "capabilities": "capability",
    "max_wait": "max-wait",
    "max_tasks_per_child": "max-tasks-per-child",
    "max_child_mib": "max-child-mib",
    "task_log_level": "task-log-level",
    "log_format": "log-format",
}


class Source(NamedTuple):
    """A place that options come from, and how a message there begins."""

    values: Mapping[str, Any]
    words: Callable[[str], str]


def gather_options(
    given: Mapping[str, Any],
    *,
    environment: Mapping[str, str] = os.environ,
    config: str | os.PathLike[str] | None = None,
    folder: str | os.PathLike[str] = ".",
) -> WorkerOptions:
    """The options of a worker, each from the first place that has it.

    Args:
        given: From the command line, by the names of `WorkerOptions`; None and an empty list are not given.
        environment: ``MUSTERQ_CONCURRENCY`` and so on; an empty text is not given. ``MUSTERQ_TYPES`` holds names
            with commas between them, ``MUSTERQ_CAPABILITIES`` a JSON object or ``gpu=true,cpu=8``.
        config: A TOML file whose table ``[worker]`` is read; None: ``musterq.toml`` in the folder, if there is one.
        folder: Where that file is looked for.

    Raises:
        ValueError: a value cannot be, or the file cannot be read; the message says where it stands.
    """
    sources = (
        _from_command_line(given),
        _from_environment(environment),
        _from_file(Path(folder) / CONFIG_NAME if config is None else Path(config), optional=config is None),
    )
    found = {}
    for name in READERS:
        source = next((source for source in sources if name in source.values), None)
        if source is not None:
            found[name] = _read(name, source)
    return WorkerOptions(**found)


def _from_command_line(given: Mapping[str, Any]) -> Source:
    present = {name: value for name, value in given.items() if value not in (None, [], ())}
    return Source(present, lambda name: f"--{FLAGS.get(name, name)} ")


def _from_environment(environment: Mapping[str, str]) -> Source:
    named = {name: environment.get(f"MUSTERQ_{name.upper()}") for name in READERS}
    return Source({name: text for name, text in named.items() if text}, lambda name: f"MUSTERQ_{name.upper()}=")


def _from_file(path: Path, *, optional: bool) -> Source:
    table = read_table(path, TABLE, known=READERS.keys(), optional=optional)
    return Source(table, lambda name: f"{path}, [{TABLE}] {name} = ")


def _read(name: str, source: Source) -> Any:
    value = source.values[name]
    try:
        return READERS[name](value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{source.words(name)}{shown(value)}: {error}") from error
