"""Where a user's queue lives when nobody says where."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def data_folder(platform: str, environment: Mapping[str, str], home: Path) -> Path:
    """The folder of this user's own queue, which need not be there yet.

    Args:
        platform: What ``sys.platform`` says.
        environment: The environment variables; ``XDG_DATA_HOME`` and ``LOCALAPPDATA`` are read.
        home: The user's home folder.
    """
    return _applications_folder(platform, environment, home) / "musterq"


def _applications_folder(platform: str, environment: Mapping[str, str], home: Path) -> Path:
    if platform == "darwin":
        return home / "Library" / "Application Support"
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
    named = Path(environment.get("XDG_DATA_HOME", ""))
    return named if named.is_absolute() else home / ".local" / "share"  # the XDG standard ignores relative ones
