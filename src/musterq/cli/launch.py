"""How this command was started, so that it can be started again as new code."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, NoReturn

CHECK_SECONDS = 120.0


class Launch(NamedTuple):
    """The command line, and what surrounded it before anything was loaded."""

    arguments: list[str]
    environment: Mapping[str, str]
    folder: str

    def check(self) -> None:
        """See in another process whether the same command could start now.

        Raises:
            ChildProcessError: it could not; it has said why on stderr.
        """
        try:
            checked = subprocess.run(  # noqa: S603  # this command itself
                [sys.executable, *self.arguments[1:], "--check"],
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                check=False,
                timeout=CHECK_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ChildProcessError(f"the new code could not be checked: {error}") from error
        if checked.returncode:
            raise ChildProcessError(f"the new code cannot start: its check ended with exit code {checked.returncode}")

    def begin_again(self) -> NoReturn:
        """Become the same command anew, in this process."""
        os.chdir(self.folder)
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(sys.executable, self.arguments, self.environment)  # noqa: S606  # this command itself


def this_launch() -> Launch:
    """That of this process, to be noted before a user's module changes something."""
    return Launch(list(sys.orig_argv), dict(os.environ), _folder())


def _folder() -> str:
    """The current folder by its name, which a deploy may point at a new one."""
    named = os.environ.get("PWD", "")
    return named if named and Path(named).exists() and Path(named).samefile(".") else str(Path.cwd())
