"""``python -m musterq`` is the command ``musterq``."""

from __future__ import annotations

from musterq.cli import main

if __name__ == "__main__":
    main()
