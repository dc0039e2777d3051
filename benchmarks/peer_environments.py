"""The environments that peers run in: each its own, made on demand under `.bench/`, from locked versions."""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CHECKOUT = Path(__file__).resolve().parent.parent
SCRIPTS = CHECKOUT / "benchmarks" / "peers"
LOCK = CHECKOUT / "requirements" / "bench-peers.lock"
CACHE = CHECKOUT / ".bench"
INSTALL_SECONDS = 600.0


class PeerUnavailableError(Exception):
    """A peer cannot be installed or run on this machine; the message says why."""


class Environment(Protocol):
    """Where a peer's packages are installed."""

    def command(self, script: str) -> list[str]:
        """Install what is missing; return the command that runs the script.

        Raises:
            PeerUnavailableError: it cannot be installed here.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonEnvironment:
    """A virtual environment with some of the locked packages."""

    name: str
    packages: tuple[str, ...]

    def command(self, script: str) -> list[str]:
        """Install what is missing; return the command that runs the script."""
        folder = CACHE / self.name
        requirements = locked(self.packages)
        python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        if renew(folder, requirements + sys.version):
            output_of([sys.executable, "-m", "venv", "--clear", str(folder)])
            chosen = folder / "requirements.txt"
            chosen.write_text(requirements, encoding="utf-8")
            output_of(
                [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", str(chosen)]
            )
            confirm(folder, requirements + sys.version)
        return [str(python), str(SCRIPTS / "python" / script)]


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeEnvironment:
    """A folder with the packages of Node's lock file; a script is copied in, since its imports start from its place."""

    name: str

    def command(self, script: str) -> list[str]:
        """Install what is missing; return the command that runs the script."""
        node, npm = program("node"), program("npm")
        folder, source = CACHE / self.name, SCRIPTS / "node"
        wanted = (source / "package-lock.json").read_text(encoding="utf-8") + output_of([node, "--version"])
        if renew(folder, wanted):
            folder.mkdir(parents=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(source / name, folder)
            output_of([npm, "ci", "--no-audit", "--no-fund"], folder=folder, extra=node_headers(node))
            confirm(folder, wanted)
        shutil.copy(source / script, folder)
        return [node, str(folder / script)]


def locked(packages: tuple[str, ...]) -> str:
    """The lock file's blocks of these packages."""
    blocks = re.split(r"\n(?=\S)", LOCK.read_text(encoding="utf-8"))
    return "\n".join(block for block in blocks if block.partition("==")[0] in packages)


def renew(folder: Path, wanted: str) -> bool:
    """Whether the folder has to be made again; if so it is gone now."""
    stamp = folder / "ready"
    if stamp.exists() and stamp.read_text(encoding="ascii") == fingerprint(folder, wanted):
        return False
    shutil.rmtree(folder, ignore_errors=True)
    return True


def confirm(folder: Path, wanted: str) -> None:
    """Note that the folder holds what is wanted."""
    (folder / "ready").write_text(fingerprint(folder, wanted), encoding="ascii")


def fingerprint(folder: Path, wanted: str) -> str:
    """Differs when the versions, the interpreter, the machine or the folder's place does."""
    return hashlib.sha256(f"{folder}\n{platform.machine()}\n{wanted}".encode()).hexdigest()


def program(name: str) -> str:
    """The program's path.

    Raises:
        PeerUnavailableError: it is not installed.
    """
    path = shutil.which(name)
    if path is None:
        raise PeerUnavailableError(f"{name} is not installed")
    return path


def node_headers(node: str) -> dict[str, str]:
    """Where Node's C headers are, if they came with it: else building a native package downloads them."""
    prefix = Path(node).resolve().parent.parent
    return {"npm_config_nodedir": str(prefix)} if (prefix / "include" / "node" / "node.h").exists() else {}


def output_of(command: list[str], *, folder: Path | None = None, extra: dict[str, str] | None = None) -> str:
    """Run a command of an installation and return what it printed.

    Raises:
        PeerUnavailableError: it failed; with the last line that it said about it.
    """
    environment = clean_environment() | (extra or {})
    shown = " ".join([Path(command[0]).name, *command[1:3]])
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=True
        )
    except subprocess.CalledProcessError as error:
        raise PeerUnavailableError(f"`{shown}` failed: {last_complaint(error.stderr)}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerUnavailableError(f"`{shown}` failed: {error}") from error
    return done.stdout


def last_complaint(text: str) -> str:
    """The last line that names an error, else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next(
        (line for line in reversed(lines) if "error" in line.lower()), lines[-1] if lines else "it said nothing"
    )


def clean_environment() -> dict[str, str]:
    """This process's environment without what would let its Python into a peer's."""
    return {
        name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    }
