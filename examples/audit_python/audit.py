"""The audit itself: plain functions from a file to what was found about it. They know nothing of a queue.

Paths are text that JSON can carry; see `to_text`. A result without ``finding`` is a file in order.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import re
import stat
import threading
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

Result = dict[str, Any]

HASHES = ("sha256", "sha384", "sha512")
_quiet = threading.Lock()


class Entry(NamedTuple):
    """A file that a RECORD lists: its path as written there, and ``sha256=...`` or nothing."""

    path: str
    digest: str


def to_text(path: str) -> str:
    """Write bytes of a file name that are no UTF-8, and the percent sign, as %XX."""
    return re.sub("[%\udc80-\udcff]", lambda found: f"%{os.fsencode(found[0])[0]:02X}", path)


def to_path(text: str) -> str:
    """Turn what `to_text` wrote into the path again."""
    return unquote(text, errors="surrogateescape")


def package(folder: str) -> Result:
    """Count the files that a distribution's RECORD lists; not every installer writes one."""
    try:
        return {"files": len(read_record(folder))}
    except (FileNotFoundError, NotADirectoryError):
        return {"files": 0, "without_record": True}
    except (OSError, csv.Error) as error:
        return {"files": 0, "finding": "unreadable", "detail": _reason(error)}


def read_record(folder: str) -> list[Entry]:
    """Return what the RECORD in a ``.dist-info`` folder lists."""
    with _open(f"{to_path(folder)}/RECORD") as file:
        text = file.read().decode("utf-8", "surrogateescape")
    rows = csv.reader(io.StringIO(text, newline=""))
    return [Entry(to_text(row[0]), row[1] if len(row) > 1 else "") for row in rows if row and row[0]]


def locate(folder: str, path: str) -> str:
    """Return where a file is that the RECORD in this folder lists; it may be absolute, or lie outside."""
    return os.path.normpath(Path(to_path(folder)).parent / to_path(path))


def verify(folder: str, path: str, digest: str) -> Result:
    """Read a file that a RECORD lists, and compare its hash with the one listed."""
    algorithm, _, expected = digest.partition("=")
    if digest and algorithm not in HASHES:
        return {"bytes": 0, "finding": "unreadable", "detail": f"its RECORD gives an unknown kind of hash, {digest!a}"}
    try:
        with _open(locate(folder, path)) as file:
            return _compare(file, algorithm, expected) if digest else {"bytes": 0}
    except (FileNotFoundError, NotADirectoryError):
        return {"bytes": 0} if _may_be_absent(path, digest) else {"bytes": 0, "finding": "missing"}
    except (OSError, ValueError) as error:
        return {"bytes": 0, "finding": "unreadable", "detail": _reason(error)}


def parse(path: str) -> Result:
    """Compile a module as an import would, without running it or keeping the code."""
    try:
        with _open(to_path(path)) as file:
            source = file.read()
    except OSError as error:
        return {"bytes": 0, "finding": "unreadable", "detail": _reason(error)}
    complaint = _compile(source)
    result: Result = {"bytes": len(source)}
    return result | {"finding": "not compiling", "detail": complaint} if complaint else result


#: What each type of task does, so that it can be done again without the queue.
WORK: Mapping[str, Callable[..., Result]] = {"package": package, "verify": verify, "parse": parse}


def _open(path: str) -> io.BufferedReader:
    if not stat.S_ISREG(Path(path).stat().st_mode):
        raise OSError("not a regular file")  # reading a pipe or a device might never end
    return Path(path).open("rb")


def _compare(file: io.BufferedReader, algorithm: str, expected: str) -> Result:
    digest = base64.urlsafe_b64encode(hashlib.file_digest(file, algorithm).digest())
    same = digest.decode().rstrip("=") == expected.rstrip("=")
    return {"bytes": file.tell()} if same else {"bytes": file.tell(), "finding": "changed"}


def _may_be_absent(path: str, digest: str) -> bool:
    return path.endswith(".pyc") and not digest  # Python makes bytecode again when it needs it


def _compile(source: bytes) -> str | None:
    """Return what the compiler has to say against a module."""
    # The filters of warnings belong to the whole process; the compiler keeps the GIL, so that the lock costs nothing.
    with _quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(source, "module", "exec", dont_inherit=True)
        except SyntaxError as error:
            return _encodable(f"line {error.lineno}: {error.msg}" if error.lineno else error.msg)
        except (ValueError, LookupError, RecursionError, MemoryError, OverflowError) as error:
            return _reason(error)
    return None


def _reason(error: Exception) -> str:
    return _encodable(getattr(error, "strerror", None) or str(error) or type(error).__name__)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
