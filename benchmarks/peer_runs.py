"""Other queues at the same scenarios, each a process of its own in an environment of its own."""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.peer_environments import (
    Environment,
    NodeEnvironment,
    PeerUnavailableError,
    PythonEnvironment,
    clean_environment,
    last_complaint,
)

RUN_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """Another queue under fixed settings: WAL and synchronous=NORMAL, eight threads, unless `options` say otherwise."""

    environment: Environment
    script: str
    scenarios: tuple[str, ...]
    options: tuple[str, ...] = ()


HUEY = PythonEnvironment(name="huey", packages=("huey",))
FLEXIQ = PythonEnvironment(name="flexiq", packages=("flexiq", "cbor2", "cloudpickle", "msgpack", "tzdata"))
LITEQUEUE = PythonEnvironment(name="litequeue", packages=("litequeue",))
PERSIST_QUEUE = PythonEnvironment(name="persist-queue", packages=("persist-queue",))
PLAINJOB = NodeEnvironment(name="plainjob")

ONE_AT_A_TIME = ("enqueue", "claim_complete")
ALL = (*ONE_AT_A_TIME, "worker")
PEERS = {
    "huey": Peer(environment=HUEY, script="run_huey.py", scenarios=ALL),
    "huey-defaults": Peer(environment=HUEY, script="run_huey.py", scenarios=ALL, options=("--defaults",)),
    "litequeue": Peer(environment=LITEQUEUE, script="run_litequeue.py", scenarios=ONE_AT_A_TIME),
    "persist-queue": Peer(environment=PERSIST_QUEUE, script="run_persist_queue.py", scenarios=ONE_AT_A_TIME),
    "flexiq": Peer(environment=FLEXIQ, script="run_flexiq.py", scenarios=("enqueue", "worker")),
    "flexiq-defaults": Peer(
        environment=FLEXIQ, script="run_flexiq.py", scenarios=("enqueue", "worker"), options=("--defaults",)
    ),
    "plainjob": Peer(environment=PLAINJOB, script="run_plainjob.js", scenarios=ALL),
}


def run_peer(name: str, scenario: str, n: int, folder: Path, *, limit: float = RUN_SECONDS) -> float | None:
    """Seconds that a peer takes for `n` tasks, its file in `folder`; None, and a line that says why, if it cannot.

    Args:
        name: a key of `PEERS`.
        scenario: one of that peer's scenarios.
        n: how many tasks.
        folder: on the disk that the others are measured on.
        limit: seconds after which the peer is stopped and counts as unable.

    Raises:
        ValueError: the peer has no such scenario.
    """
    peer = PEERS[name]
    if scenario not in peer.scenarios:
        raise ValueError(f"{name} has no scenario {scenario!r}, only {', '.join(peer.scenarios)}")
    command = command_of(name)
    if command is None:
        return None
    try:
        with tempfile.TemporaryDirectory(prefix="peer-", dir=folder) as own:  # goes even if the peer is stopped
            return measured([*command, scenario, str(n), "--folder", own, *peer.options], limit)
    except PeerUnavailableError as error:
        report(f"{name} {scenario} left out: {error}")
        return None


@cache
def command_of(name: str) -> list[str] | None:
    """The command that runs a peer's script, its environment made; None if it cannot be made, said once."""
    peer = PEERS[name]
    try:
        return peer.environment.command(peer.script)
    except PeerUnavailableError as error:
        report(f"{name} left out: {error}")
        return None


def measured(command: list[str], limit: float) -> float:
    """The seconds in the line that a peer's script prints last.

    Raises:
        PeerUnavailableError: it failed or took longer than the limit.
    """
    try:
        done = subprocess.run(
            command, env=clean_environment(), capture_output=True, text=True, timeout=limit, check=True
        )
    except subprocess.TimeoutExpired as error:
        raise PeerUnavailableError(f"not done after {limit:.0f} s") from error
    except subprocess.CalledProcessError as error:
        raise PeerUnavailableError(last_complaint(error.stderr)) from error
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"])


def report(line: str) -> None:
    """Beside the table, not in it."""
    print(line, file=sys.stderr, flush=True)
