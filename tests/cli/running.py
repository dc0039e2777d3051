"""The commands, run on a database of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from musterq.cli.app import app


class Cli:
    """Runs commands in this process, on one database."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self._environment = {"MUSTERQ_DATABASE": str(database), "MUSTERQ_DEBUG": None, "NO_COLOR": None}

    def __call__(self, *arguments: object, stdin: str | bytes | None = None) -> Result:
        """Run a command; an error that it does not explain is raised."""
        words = [str(argument) for argument in arguments]
        return CliRunner(env=self._environment).invoke(app, words, input=stdin, catch_exceptions=False)

    def lines(self, *arguments: object) -> list[str]:
        """What a command that must succeed prints."""
        result = self(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout.splitlines()

    def json(self, *arguments: object, stdin: str | None = None) -> Any:
        """The document that a command that must succeed prints."""
        result = self(*arguments, "--json", stdin=stdin)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def error(self, *arguments: object, code: int, stdin: str | bytes | None = None) -> str:
        """The one line on stderr of a command that must fail with this exit code and print nothing else."""
        result = self(*arguments, stdin=stdin)
        assert result.exit_code == code, result.output
        assert result.stdout == ""
        line, *others = result.stderr.splitlines()
        assert others == []
        return line
