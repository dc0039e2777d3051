"""Measures in turns, compares by medians, and shows each figure beside its target."""

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

ROUNDS = 5
Verdict = Literal["met", "MISSED", "not measured", ""]


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The bound that a figure must reach (`at_least`) or must stay under (`below`)."""

    at_least: float | None = None
    below: float | None = None

    def holds(self, figure: float) -> bool:
        """Whether the figure keeps the bound."""
        return (self.at_least is None or figure >= self.at_least) and (self.below is None or figure < self.below)

    def __str__(self) -> str:
        low = [] if self.at_least is None else [f"≥ {number(self.at_least)}"]
        high = [] if self.below is None else [f"< {number(self.below)}"]
        return ", ".join(low + high)


@dataclass(frozen=True, kw_only=True, slots=True)
class Contestant:
    """Something that does `operations` operations each time it is run.

    `run` returns the seconds that they took, preparations left out, or None if it can't run here.
    """

    name: str
    operations: int
    run: Callable[[], float | None]
    target: Target | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One figure. `ours` and `theirs` are operations per second, where it is a ratio of the two."""

    name: str
    against: str = ""
    ours: float | None = None
    theirs: float | None = None
    figure: float | None
    unit: str
    target: Target | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether the target is met; empty if there is none."""
        if self.target is None:
            return ""
        if self.figure is None:
            return "not measured"
        return "met" if self.target.holds(self.figure) else "MISSED"


def compare(name: str, ours: Contestant, others: Sequence[Contestant], *, rounds: int = ROUNDS) -> list[Row]:
    """Run ours and all others in turns; return a row for each other, whose figure is our speed over its speed.

    Each round gives one ratio; the figure is their median, so that a slow moment of the machine hits both sides.
    """
    rates = in_turns([ours, *others], rounds)
    return [comparison(name, rates[0], other, theirs) for other, theirs in zip(others, rates[1:], strict=True)]


def in_turns(contestants: Sequence[Contestant], rounds: int) -> list[list[float]]:
    """Operations per second of each contestant in each round; empty for one that can't run (tried only once)."""
    rates: list[list[float]] = [[] for _ in contestants]
    for done in range(rounds):
        for contestant, mine in zip(contestants, rates, strict=True):
            seconds = contestant.run() if len(mine) == done else None
            if seconds is not None:
                mine.append(contestant.operations / seconds)
    return [mine if len(mine) == rounds else [] for mine in rates]


def comparison(name: str, ours: list[float], other: Contestant, theirs: list[float]) -> Row:
    """The row of one pairing."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=False)]
    return Row(
        name=name,
        against=other.name,
        ours=median(ours),
        theirs=median(theirs),
        figure=median(ratios),
        unit="x",
        target=other.target,
    )


def median(figures: list[float]) -> float | None:
    """The middle figure; None if there is none."""
    return statistics.median(figures) if figures else None


def percentile(figures: Sequence[float], share: float) -> float:
    """The figure that this share (0 to 1) of the figures does not exceed.

    Raises:
        ValueError: there are no figures, or the share is outside 0 to 1.
    """
    if not figures or not 0 <= share <= 1:
        raise ValueError(f"a percentile takes figures and a share from 0 to 1, not {len(figures)} figures and {share}")
    ordered = sorted(figures)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


WHOLE_FROM = 100  # from here on three digits need no decimals
HEADINGS = ("scenario", "against", "ours/s", "theirs/s", "figure", "target", "verdict")


def as_table(rows: Sequence[Row]) -> str:
    """The rows as aligned plain text, numbers to the right."""
    lines = [HEADINGS, *(cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return "\n".join(aligned(line, widths) for line in lines)


def aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    """One line of the table."""
    numbers = {"ours/s", "theirs/s", "figure"}
    columns = zip(line, widths, HEADINGS, strict=True)
    return "  ".join(
        text.rjust(width) if name in numbers else text.ljust(width) for text, width, name in columns
    ).rstrip()


def cells(row: Row) -> tuple[str, ...]:
    """A row's texts, in the order of the headings."""
    figure = f"{number(row.figure)} {row.unit}" if row.figure is not None else "–"
    target = f"{row.target} {row.unit}" if row.target is not None else ""
    return (row.name, row.against, number(row.ours), number(row.theirs), figure, target, row.verdict)


def number(value: float | None) -> str:
    """Three significant digits, thousands apart; empty for none."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= WHOLE_FROM else f"{value:.3g}"


def as_json(rows: Sequence[Row]) -> str:
    """The rows as a JSON list of objects, with their verdicts."""
    return json.dumps([asdict(row) | {"verdict": row.verdict} for row in rows], indent=2)


def missed(rows: Sequence[Row]) -> list[Row]:
    """The rows whose target was not met; those not measured are none of them."""
    return [row for row in rows if row.verdict == "MISSED"]
