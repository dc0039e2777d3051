"""Every query by name, read once from its `.sql` file."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def query(name: str) -> str:
    """The text of ``queries/NAME.sql`` without its comment, so that the driver finds its statement by a short key."""
    text = files("musterq.storage.sqlite").joinpath("queries", f"{name}.sql").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip()


def migrations() -> list[tuple[int, str]]:
    """The numbered migrations in order: ``(version, script)``."""
    folder = files("musterq.storage.sqlite").joinpath("migrations")
    found = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    return sorted((int(file.name[:4]), file.read_text(encoding="utf-8")) for file in found)
