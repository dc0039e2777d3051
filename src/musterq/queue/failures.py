"""What is kept of an error: one line that names it, and the end of its traceback."""

from __future__ import annotations

import traceback
from types import TracebackType

MESSAGE_CHARACTERS = 2000
TRACEBACK_CHARACTERS = 8192


def error_text(error: BaseException) -> str:
    """``TypeName: message``, bounded."""
    message = _message(error)
    return bounded(f"{type(error).__name__}: {message}" if message else type(error).__name__)


def error_type(error: BaseException) -> str:
    """The name of its class, with the module unless it is built in: ``sqlite3.OperationalError``."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def signal_text(error: BaseException) -> str:
    """The message alone, bounded: the words of a handler that chose how its attempt ends."""
    return bounded(_message(error) or type(error).__name__)


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as fault:  # noqa: BLE001 - a hostile __str__ must not hide the error itself
        return f"(its message cannot be shown: {type(fault).__name__})"


def traceback_text(error: BaseException, *skip_files: str) -> str:
    """The end of the traceback, without the outermost frames that are in ``skip_files``."""
    outermost = _below(error.__traceback__, skip_files)
    text = storable("".join(traceback.format_exception(type(error), error, outermost)))
    return text if len(text) <= TRACEBACK_CHARACTERS else f"...{text[-TRACEBACK_CHARACTERS:]}"


def _below(frames: TracebackType | None, skip_files: tuple[str, ...]) -> TracebackType | None:
    while frames is not None and frames.tb_frame.f_code.co_filename in skip_files:
        frames = frames.tb_next
    return frames


def bounded(text: str) -> str:
    """A message that any database can store, its tail cut off where it is long."""
    text = storable(text)
    return text if len(text) <= MESSAGE_CHARACTERS else f"{text[:MESSAGE_CHARACTERS]}..."


def storable(text: str) -> str:
    """The text with NUL and what is no Unicode spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")
