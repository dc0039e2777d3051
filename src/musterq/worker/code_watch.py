"""Which Python files below a folder have changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

LEFT_OUT = frozenset({"__pycache__", "node_modules"})


class CodeWatch:
    """Remembers the files as they are, and tells what changed since it looked last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = dict(_python_files(str(folder)))

    def changed(self) -> Path | None:
        """A file that was written, added or removed since the last look, relative to the folder; None: none was."""
        before, self._seen = self._seen, dict(_python_files(str(self._folder)))
        changed = dict(before.items() ^ self._seen.items())
        return Path(min(changed)).relative_to(self._folder) if changed else None


def _python_files(folder: str) -> Iterator[tuple[str, int]]:
    """Paths and times of the last change; hidden folders, environments and caches hold none of the user's code."""
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except OSError:
        return  # it is gone, or not ours to read
    if any(entry.name == "pyvenv.cfg" for entry in found):
        return
    for entry in found:
        if entry.name.startswith(".") or entry.name in LEFT_OUT:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _python_files(entry.path)
        elif entry.name.endswith(".py") and (changed := _time_of(entry)) is not None:
            yield entry.path, changed


def _time_of(entry: os.DirEntry[str]) -> int | None:
    try:
        return entry.stat().st_mtime_ns
    except OSError:  # removed just now, or a link to nowhere
        return None
