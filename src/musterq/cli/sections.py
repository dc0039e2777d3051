"""The help of the program: its commands below headings, in the order in which one needs them."""

from __future__ import annotations

from typing import Any

from musterq.cli.errors import ExplainedGroup

SECTIONS = {
    "Work": ("init", "enqueue", "worker", "supervise"),
    "Tasks": ("tasks", "task", "explain", "group", "retry", "cancel"),
    "What goes on": ("top", "health", "metrics", "workers", "expect", "unservable", "ledger", "exporter"),
    "Rules": ("pause", "resume", "limit", "limits", "schedules", "retention", "prune"),
    "The database": ("doctor", "verify", "backup", "restore", "vacuum"),
}
MARGINS = 6  # what the help takes from a line beside the name and the words


class SectionedGroup(ExplainedGroup):
    """Many commands, below few headings."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # the frame calls it so
        """Return the names in the order of the sections; completion has it, too."""
        return [name for names in SECTIONS.values() for name in names]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a line for each command, all sections as wide as the widest."""
        width = max(map(len, self.list_commands(ctx)))
        for heading, names in SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), self._words(name, formatter.width - width)) for name in names])

    def _words(self, name: str, room: int) -> str:
        words: str = self.commands[name].get_short_help_str(room - MARGINS)
        return words
