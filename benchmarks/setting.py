"""What a scenario is given: where its files go, and how much it is to do."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

TYPE = "thumbnail"
PAYLOAD: dict[str, object] = {"path": "images/a.png", "width": 256}  # what the peers are given, too


class Size(Enum):
    """How much is done: roughly in a minute, as the targets are meant, or with ten million tasks."""

    QUICK = auto()
    USUAL = auto()
    LARGE = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One run of the benchmarks. All files, the peers' among them, are below `folder`, on one file system."""

    folder: Path
    size: Size

    def choose(self, *, quick: int, usual: int, large: int | None = None) -> int:
        """The number for this size; `large` None: as usual."""
        if self.size is Size.QUICK:
            return quick
        return large if large is not None and self.size is Size.LARGE else usual

    @contextmanager
    def new_folder(self) -> Iterator[Path]:
        """A folder that is gone afterwards, with whatever is in it."""
        with tempfile.TemporaryDirectory(prefix="run-", dir=self.folder, ignore_cleanup_errors=True) as folder:
            yield Path(folder)
