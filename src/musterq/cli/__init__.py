"""The commands of ``musterq``: they parse arguments and print, the queue does the rest."""

from __future__ import annotations

from musterq.cli.app import main

__all__ = ["main"]
