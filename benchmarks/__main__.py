"""Measures musterq beside raw `sqlite3` and other queues: `python -m benchmarks`."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import Row, as_json, as_table, missed
from benchmarks.peer_environments import CACHE
from benchmarks.scenarios import SCENARIOS
from benchmarks.setting import Setting, Size


def main() -> int:
    """Run the scenarios that are asked for, show each beside its target, and name those that miss theirs."""
    arguments = parsed(sys.argv[1:])
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=arguments.folder) as folder:
        rows = measured(names_of(arguments.only), Setting(folder=Path(folder), size=arguments.size))
    if arguments.json is not None:
        arguments.json.write_text(as_json(rows) + "\n", encoding="utf-8")
    conclude(rows, arguments.size)
    return 0


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="size", action="store_const", const=Size.QUICK, help="small; figures are rough")
    size.add_argument("--large", dest="size", action="store_const", const=Size.LARGE, help="ten million tasks")
    parser.add_argument("--only", metavar="NAME", nargs="+", type=chosen, help="some of: " + ", ".join(SCENARIOS))
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there, too")
    parser.add_argument("--folder", type=Path, default=CACHE, help="on the disk to measure on (%(default)s)")
    parser.set_defaults(size=Size.USUAL)
    return parser.parse_args(words)


def chosen(text: str) -> list[str]:
    """Names of scenarios with commas between them."""
    names = text.split(",")
    if unknown := [name for name in names if name not in SCENARIOS]:
        raise argparse.ArgumentTypeError(f"no scenario {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    return names


def names_of(only: Sequence[Sequence[str]] | None) -> list[str]:
    """The scenarios that are asked for, in the order in which they are; all of them if none is named."""
    return list(SCENARIOS) if only is None else [name for names in only for name in names]


def measured(names: Sequence[str], setting: Setting) -> list[Row]:
    """The rows of all scenarios; each one's are shown as soon as they are there."""
    rows: list[Row] = []
    for name in names:
        scenario = SCENARIOS[name]
        print(f"{name}: {(scenario.__doc__ or '').strip()}", flush=True)
        start = time.monotonic()
        found = scenario.rows(setting)
        print(f"{as_table(found)}\n({time.monotonic() - start:.0f} s)\n", flush=True)
        rows += found
    return rows


def conclude(rows: Sequence[Row], size: Size) -> None:
    """Say what was missed."""
    if size is Size.QUICK:
        print("These figures are rough: few operations, few turns. Run without --quick to judge.")
    short = missed(rows)
    judged = sum(row.target is not None for row in rows)
    print(f"{len(short)} of {judged} targets missed" + (":" if short else "."))
    if short:
        print(as_table(short))


if __name__ == "__main__":
    sys.exit(main())
