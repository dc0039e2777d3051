"""What is around the file: its file system, who may use what stands beside it, room on the disk, file events."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from musterq.storage.sqlite.place import file_system_of
from musterq.storage.sqlite.waiting import HAS_EVENTS, tells_of
from musterq.upkeep import Fact

SCARCE_BYTES, LOW_BYTES = 100 * 10**6, 500 * 10**6
_SIDE_FILES = ("-wal", "-shm", "-turn", "-checkpoint")
_SHARED = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH
_INOTIFY = Path("/proc/sys/fs/inotify")
_KINDS = {
    "overlay": "it is in a container's own layer and goes when the container is removed; put it on a volume",
    "tmpfs": "it is in memory and goes when the machine stops; put it on a disk",
    "ramfs": "it is in memory and goes when the machine stops; put it on a disk",
}


def file_system(path: str) -> Fact:
    """Network file systems are refused before anything is opened; what else could surprise is said."""
    kind = file_system_of(str(Path(path).parent))
    if kind.startswith("fuse") or kind in ("9p", "virtiofs"):
        advice = "make sure that it is on one machine's disk and has file locks, or move it to a local disk"
        text = f"the file system ({kind}) is served by a program, whose locks may not be what SQLite needs"
        return Fact(section="file", fact="file_system", verdict="warning", value=kind, text=text, advice=advice)
    text = f"the file is on a local file system{f' ({kind})' if kind else ''}"
    return Fact(section="file", fact="file_system", value=kind, text=text, advice=_KINDS.get(kind))


def permissions(path: str) -> Fact:
    """Who may use the database must be able to use what stands beside it, else he can neither write nor test locks."""
    wrong = list(_not_alike(path))
    if not wrong:
        text = "who may use the database may use the files beside it"
        return Fact(section="file", fact="permissions", value=[], text=text)
    advice = f"give them the owner, group and mode of {path}: chown, chgrp, chmod"
    text = f"not all who may use the database may use {', '.join(wrong)}"
    return Fact(section="file", fact="permissions", verdict="warning", value=wrong, text=text, advice=advice)


def room(disk_free: int | None, database_bytes: int) -> Fact:
    """What is left on the disk."""
    if disk_free is None:
        return Fact(section="space", fact="disk", text="the system does not tell how much room the disk has")
    verdict = "critical" if disk_free < SCARCE_BYTES else "warning" if disk_free < LOW_BYTES else "ok"
    text = f"the disk has {amount(disk_free)} left, and the database takes {amount(database_bytes)}"
    advice = None if verdict == "ok" else "make room: a full disk refuses every write; nothing is lost by that"
    return Fact(section="space", fact="disk", verdict=verdict, value=disk_free, text=text, advice=advice)


def file_events(path: str) -> Fact:
    """Whether the kernel wakes workers, as it does where there are events and the user has some left."""
    if not HAS_EVENTS:
        advice = "nothing can be done about it on this system: workers look a few times a second"
        return Fact(section="system", fact="file_events", value=False, text="no file events here", advice=advice)
    limit = _limit("max_user_instances")
    if tells_of(str(Path(path).parent)):
        text = f"the kernel wakes workers by file events{f' (limit of one user: {limit} instances)' if limit else ''}"
        return Fact(section="system", fact="file_events", value=True, text=text)
    advice = "workers poll until there are some: raise fs.inotify.max_user_instances and max_user_watches (sysctl)"
    text = f"this user has no file events left{f' (limit: {limit} instances)' if limit else ''}"
    return Fact(section="system", fact="file_events", verdict="warning", value=False, text=text, advice=advice)


def amount(count: int) -> str:
    """Bytes as people say them."""
    return f"{count / 10**6:,.1f} MB" if count < 10**9 else f"{count / 10**9:,.1f} GB"


def _not_alike(path: str) -> Iterator[str]:
    model = Path(path).stat()
    folder = f"{path}-workers"
    for side in (
        *(f"{path}{suffix}" for suffix in _SIDE_FILES),
        folder,
        *sorted(map(str, Path(folder).glob("*.lock"))),
    ):
        try:
            found = Path(side).stat()
        except FileNotFoundError:
            continue
        if not _shared_alike(model, found):
            yield Path(side).name


def _shared_alike(model: os.stat_result, found: os.stat_result) -> bool:
    """Whether group and others have here what they have there; another owner's file must be open to the group."""
    wanted = model.st_mode & _SHARED
    same_group = found.st_gid == model.st_gid or not wanted & (stat.S_IRGRP | stat.S_IWGRP)
    same_owner = found.st_uid == model.st_uid or bool(found.st_mode & stat.S_IWGRP) or model.st_uid == 0
    return not wanted & ~found.st_mode and same_group and same_owner


def _limit(name: str) -> int | None:
    try:
        return int((_INOTIFY / name).read_text())
    except (OSError, ValueError):
        return None
