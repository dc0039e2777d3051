"""``musterq exporter``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from queue import SimpleQueue
from typing import TYPE_CHECKING, Annotated

import typer

from musterq.cli.errors import CommandError, UsageError, extras_are_explained
from musterq.cli.opening import existing_database
from musterq.cli.options import AsJson, Database, examples
from musterq.cli.output import say, say_json
from musterq.cli.worker_log import LogFormat
from musterq.cli.worker_signals import STOP_SIGNALS, signals_call

if TYPE_CHECKING:
    from musterq.monitoring.export.exporter import Exporter
    from musterq.monitoring.queue_monitoring import QueueMonitoring

commands = typer.Typer()

LARGEST_PORT = 65535

Port = Annotated[
    int, typer.Option(min=0, max=LARGEST_PORT, metavar="N", help="The port to listen on; 0: one that is free.")
]
Host = Annotated[str, typer.Option(metavar="ADDRESS", help="The address to listen on; 0.0.0.0: every one of IPv4.")]
Rules = Annotated[bool, typer.Option("--rules", help="Only print alert rules for Prometheus.")]
Dashboard = Annotated[bool, typer.Option("--dashboard", help="Only print a dashboard for Grafana.")]
Format = Annotated[
    LogFormat,
    typer.Option("--log-format", envvar="MUSTERQ_LOG_FORMAT", show_envvar=False, help="What its log lines are."),
]


@commands.command(
    epilog=examples(
        "musterq exporter --database queue.db",
        "musterq exporter --rules > /etc/prometheus/musterq.rules.yml",
        "musterq exporter --dashboard > musterq.json",
    )
)
def exporter(
    *,
    port: Port = 9180,
    host: Host = "127.0.0.1",
    rules: Rules = False,
    dashboard: Dashboard = False,
    database: Database = None,
    log_format: Format = LogFormat.TEXT,
    as_json: AsJson = False,
) -> None:
    """Serve the queue's metrics to Prometheus.

    They are at /metrics, for whoever can reach the address, and read anew at each scrape. One exporter is enough for a
    queue, whatever number of workers it has. SIGTERM or Ctrl-C ends it. Needs: pip install "musterq[prometheus]"
    """
    if rules or dashboard:
        say(_file(rules=rules, dashboard=dashboard, as_json=as_json))
        return
    from musterq.monitoring import QueueMonitoring
    from musterq.monitoring.log_output import log_to_stderr

    log_to_stderr("info", as_json=log_format is LogFormat.JSON)
    with existing_database(database) as opened:
        opened.storage.ensure_schema()
        with _serving(QueueMonitoring(opened), host, port) as served:
            _wait_to_be_stopped(opened.location, served.url)
    if as_json:
        say_json({"database": opened.location, "url": served.url, "scrapes": served.scrapes})


def _file(*, rules: bool, dashboard: bool, as_json: bool) -> str:
    if as_json or (rules and dashboard):
        raise UsageError("give --rules or --dashboard alone: each prints one file as it is")
    name = "alerts.yml" if rules else "dashboard.json"
    return files("musterq.monitoring").joinpath("prometheus_files", name).read_text(encoding="utf-8").rstrip("\n")


@contextmanager
def _serving(monitoring: QueueMonitoring, host: str, port: int) -> Iterator[Exporter]:
    with extras_are_explained():
        from musterq.monitoring.export.exporter import Exporter
    try:
        served = Exporter(monitoring, host, port)
    except OSError as error:
        raise CommandError(
            f"cannot listen on {host}, port {port}: {error.strerror}; give another --port or --host"
        ) from error
    with served.serving():
        yield served


def _wait_to_be_stopped(location: str, url: str) -> None:
    from musterq.monitoring.log import log_event

    asked: SimpleQueue[None] = SimpleQueue()  # a signal handler may put into it, whatever it interrupts
    with signals_call(dict.fromkeys(STOP_SIGNALS, lambda: asked.put(None))):
        log_event("exporter.started", {"database": location, "url": url})
        asked.get()
