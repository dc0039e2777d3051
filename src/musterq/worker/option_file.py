"""The options in a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

CONFIG_NAME = "musterq.toml"
TABLE = "worker"


def read_table(path: Path, *, known: Collection[str], optional: bool) -> dict[str, Any]:
    """The table ``[worker]`` of a file; empty where an optional file, or the table in it, is not there.

    Raises:
        ValueError: the file cannot be read, or says what no worker knows; the message names the file.
    """
    document = _read(path, optional=optional)
    if TABLE not in document and not optional:
        raise ValueError(f"{path} has no table [{TABLE}]; the options of a worker stand below a line [{TABLE}]")
    table = document.get(TABLE, {})
    if not isinstance(table, dict):
        raise ValueError(f"{path}: {TABLE!r} is to be a table; begin it with a line [{TABLE}]")  # noqa: TRY004
    if unknown := sorted(table.keys() - known):
        raise ValueError(f"{path}: [{TABLE}] has no option {unknown[0]!r}; the options are {', '.join(sorted(known))}")
    return table


def _read(path: Path, *, optional: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if optional:
            return {}
        raise ValueError(f"there is no file {path}; --config names a TOML file with a table [{TABLE}]") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # TOML that is none, and text that is no UTF-8
        raise ValueError(f"{path} is not TOML: {error}") from error
