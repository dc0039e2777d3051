"""The options in a TOML file, each program's in a table of its own."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

CONFIG_NAME = "musterq.toml"


def read_table(path: Path, table: str, *, known: Collection[str], optional: bool) -> dict[str, Any]:
    """The options in a table of a file; empty where an optional file, or the table in it, is not there.

    Raises:
        ValueError: the file cannot be read, or says what is not ``known``; the message names the file.
    """
    document = _read(path, table, optional=optional)
    if table not in document and not optional:
        raise ValueError(f"{path} has no table [{table}]; its options stand below a line [{table}]")
    options = document.get(table, {})
    if not isinstance(options, dict):
        raise ValueError(f"{path}: {table!r} is to be a table; begin it with a line [{table}]")  # noqa: TRY004
    if unknown := sorted(options.keys() - known):
        raise ValueError(f"{path}: [{table}] has no option {unknown[0]!r}; the options are {', '.join(sorted(known))}")
    return options


def _read(path: Path, table: str, *, optional: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if optional:
            return {}
        raise ValueError(f"there is no file {path}; --config names a TOML file with a table [{table}]") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # TOML that is none, and text that is no UTF-8
        raise ValueError(f"{path} is not TOML: {error}") from error
