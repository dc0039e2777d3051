"""How far a long piece of work is: on a terminal, and only there."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def shown_progress(what: str, *, as_json: bool) -> Iterator[Callable[[int, int], None]]:
    """What is told how many bytes are done, of how many; a bar on stderr, where that is a terminal."""
    if as_json or not sys.stderr.isatty():
        yield _nobody_looks
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(shown, completed=done, total=total)


def _nobody_looks(done: int, total: int) -> None:
    pass
