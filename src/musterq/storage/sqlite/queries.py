"""Every query by name, read once from its `.sql` file."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent


@cache
def query(name: str) -> str:
    """The text of ``queries/NAME.sql`` without its comment, so that the driver finds its statement by a short key."""
    text = (_HERE / "queries" / f"{name}.sql").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip()


@cache
def claim_one_of(heads: str) -> str:
    """`claim_of` for a limit of one: ``=`` in place of ``IN`` spares SQLite two temporary tables."""
    return claim_of(heads).replace("id IN (", "id = (")


@cache
def claim_of(heads: str) -> str:
    """``claim.sql`` that takes what ``queries/HEADS.sql`` selects, instead of given ids."""
    given = "SELECT value FROM json_each(:ids)"
    claim = query("claim")
    if given not in claim:
        raise LookupError(f"claim.sql has no {given!r}")
    return claim.replace(given, query(heads))


@cache
def migrations() -> tuple[tuple[int, str], ...]:
    """The numbered migrations in order: ``(version, script)``."""
    files = sorted((_HERE / "migrations").glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return tuple((int(file.name[:4]), file.read_text(encoding="utf-8")) for file in files)
