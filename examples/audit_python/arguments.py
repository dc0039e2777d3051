"""The command line."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

MOST_WORKERS = 64


def parse(arguments: list[str] | None = None) -> Namespace:
    """Read the command line; a mistake in it ends the program with exit code 2."""
    parser = ArgumentParser(
        prog="python -m examples.audit_python",
        description="Audit this machine's Python with worker processes: compare installed files with their RECORD, "
        "and compile all modules.",
        epilog="Exit codes: 0 all work was done; 1 work was lost or the proof failed, or with --strict there are "
        "findings; 2 it could not begin; 130 it was interrupted.",
    )
    parser.add_argument("--dir", type=_folder, metavar="DIR", help="audit this folder instead of the running Python")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if anything is found")
    parser.add_argument("--all", action="store_true", help="list all findings, not only the first of each kind")
    parser.add_argument("--workers", type=_workers, default=4, metavar="N", help="worker processes (default: 4)")
    parser.add_argument("--no-kill", dest="kill", action="store_false", help="kill no worker halfway")
    parser.add_argument(
        "--database", type=_path, metavar="PATH", help="keep the queue here; go on if it is there already"
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=secrets.randbelow(1_000_000),
        metavar="N",
        help="draw the sample of the proof as another run did, which printed this number",
    )
    return parser.parse_args(arguments)


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _folder(text: str) -> Path:
    folder = _path(text)
    if not folder.is_dir():
        raise ArgumentTypeError(f"{folder} is not a folder; name one that holds Python files")
    return folder


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_WORKERS:
        raise ArgumentTypeError(f"{text} is not a number from 1 to {MOST_WORKERS}")
    return int(text)
