"""How much memory a process has had, as its system tells."""

from __future__ import annotations

import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_bytes() -> int:
    """The largest resident memory of this process so far.

    Linux carries ``ru_maxrss`` over from the process that started this one, so it is not asked where there is /proc.
    """
    try:
        lines = _STATUS.read_bytes().splitlines()
    except OSError:
        import resource

        return bytes_of(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(b"VmHWM:")), 0)


def bytes_of(maxrss: int) -> int:
    """An ``ru_maxrss`` in bytes, which macOS gives as they are and others in units of 1024."""
    return maxrss if sys.platform == "darwin" else maxrss * 1024
