"""Findings of health: what is wrong, since when, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from musterq.cli.top.cells import Cell, clean
from musterq.cli.top.figures import age_of
from musterq.cli.top.grid import Column
from musterq.cli.top.place import Place
from musterq.cli.top.sheet import Look, Order, Sheet
from musterq.cli.top.snapshot import Snapshot

Finding = Mapping[str, Any]
SEVERITIES = {"critical": "red bold", "warning": "yellow"}


def _items(snapshot: Snapshot, _place: Place) -> Sequence[Finding] | None:
    return snapshot.findings


def _cells(finding: Finding, look: Look) -> Sequence[Cell]:
    return (
        Cell(finding["severity"], SEVERITIES.get(finding["severity"], "")),
        Cell(age_of(look.age(finding["since_utc"]), look.symbols.nothing)),
        Cell(clean(finding["subject"] or look.symbols.nothing)),
        Cell(clean(finding["what"])),
    )


def _rank(finding: Finding) -> int:
    return list(SEVERITIES).index(finding["severity"]) if finding["severity"] in SEVERITIES else 0


SHEET = Sheet[Finding](
    columns=(
        Column("SEVERITY"),
        Column("FOR", right=True, least=6, spare=2),
        Column("SUBJECT", clips=True, spare=1),
        Column("WHAT", clips=True),
    ),
    orders=(
        Order("severity", _rank),
        Order("subject", lambda finding: finding["subject"] or ""),
        Order("since", lambda finding: finding["since_utc"] or ""),
    ),
    items=_items,
    key=lambda finding: f"{finding['check']} {finding['subject'] or ''}",
    cells=_cells,
    words=lambda finding: " ".join(str(value) for value in finding.values()),
    empty="all is well",
)
