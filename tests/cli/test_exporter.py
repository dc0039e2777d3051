"""``musterq exporter`` and ``musterq metrics --prometheus``."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from musterq import TaskQueue
from musterq.monitoring.export.instruments import INSTRUMENTS
from tests.cli.project import Running
from tests.cli.running import Cli
from tests.worker.waiting import until


@pytest.fixture
def exporter(cli: Cli, queue: TaskQueue) -> Iterator[Running]:
    """An exporter of the queue, at a port that was free."""
    running = Running(cli.database.parent, ("exporter", "--port", "0", "--json", "--database", str(cli.database)), {})
    yield running
    running.end()


def port_of(exporter: Running) -> int:
    said = re.search(r"http://127\.0\.0\.1:(\d+)/metrics", exporter.says("metrics"))
    assert said is not None
    return int(said[1])


def asked(port: int, path: str) -> tuple[int, str]:
    """The status and the text of what is served there."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def scraped(port: int, sample: str) -> float:
    """The value of a metric without labels, or with its labels as they are written."""
    status, text = asked(port, "/metrics")
    assert status == 200
    (line,) = [line for line in text.splitlines() if line.startswith(f"{sample} ")]
    return float(line.rpartition(" ")[2])


# -- serving -------------------------------------------------------------------------------------
def test_each_scrape_is_read_anew(exporter: Running, queue: TaskQueue):
    """What another process has put in meanwhile is there."""
    queue.enqueue("mail", {})
    port = port_of(exporter)
    assert scraped(port, 'musterq_tasks_enqueued_total{type="mail"}') == 1
    queue.enqueue("mail", {})
    assert scraped(port, 'musterq_tasks_enqueued_total{type="mail"}') == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(exporter: Running, cli: Cli, number: int):
    """With a document that says what was done."""
    port = port_of(exporter)
    scraped(port, "musterq_up")
    exporter.signal(number)
    assert exporter.code() == 0
    document = json.loads(exporter.stdout())
    assert document == {"database": str(cli.database), "url": f"http://127.0.0.1:{port}/metrics", "scrapes": 1}
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_database_that_is_gone_is_told_and_it_goes_on(exporter: Running, queue: TaskQueue):
    """A scrape is never an error: what is wrong is what it says."""
    port = port_of(exporter)
    assert scraped(port, "musterq_up") == 1
    path = Path(queue.database.location)
    path.rename(f"{path}.moved")
    until(lambda: scraped(port, "musterq_up") == 0)
    assert "removed or replaced" in exporter.says("cannot be read")
    Path(f"{path}.moved").rename(path)
    until(lambda: scraped(port, "musterq_up") == 1)


def test_it_says_that_it_serves_and_where(exporter: Running):
    """For probes of a container, and for who looks around."""
    port = port_of(exporter)
    assert asked(port, "/healthz") == (200, "ok\n")
    assert asked(port, "/")[0] == 200
    status, text = asked(port, "/metric")
    assert status == 404
    assert "/metrics" in text


def test_who_asks_for_nothing_keeps_nobody_waiting(exporter: Running):
    """A connection that is only open."""
    port = port_of(exporter)
    with socket.create_connection(("127.0.0.1", port)):
        assert scraped(port, "musterq_up") == 1


# -- what cannot be ------------------------------------------------------------------------------
def test_a_port_that_is_taken_is_said_in_one_line(cli: Cli, queue: TaskQueue):
    """With what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = cli.error("exporter", "--port", port, code=1)
    assert f"cannot listen on 127.0.0.1, port {port}: Address already in use" in line
    assert "another --port" in line


def test_an_address_that_is_not_ours_is_said_in_one_line(cli: Cli, queue: TaskQueue):
    """192.0.2.1 is nobody's."""
    assert "cannot listen on 192.0.2.1" in cli.error("exporter", "--host", "192.0.2.1", "--port", 0, code=1)


def test_a_port_that_cannot_be_is_a_usage_error(cli: Cli, queue: TaskQueue):
    """With its range."""
    result = cli("exporter", "--port", 65536)
    assert result.exit_code == 2
    assert "65535" in result.stderr


@pytest.mark.parametrize("arguments", [("exporter",), ("metrics", "--prometheus")])
def test_a_mistyped_path_is_no_empty_queue(cli: Cli, arguments: tuple[str, ...]):
    """It is said at once, and nothing is made."""
    assert "there is no queue at" in cli.error(*arguments, code=1)
    assert not cli.database.exists()


@pytest.mark.parametrize("arguments", [("exporter",), ("metrics", "--prometheus")])
def test_a_file_that_is_no_database_is_said_at_once(cli: Cli, arguments: tuple[str, ...]):
    """And not served as one that cannot be read."""
    cli.database.write_bytes(b"this is no database at all, but it is a file " * 100)
    assert str(cli.database) in cli.error(*arguments, code=1)


@pytest.mark.parametrize("arguments", [("exporter",), ("metrics", "--prometheus")])
def test_without_the_client_library_it_says_what_to_install(cli: Cli, queue: TaskQueue, arguments: tuple[str, ...]):
    """In one line."""
    program = (
        "import sys; sys.modules['prometheus_client'] = None\n"
        f"sys.argv = {['musterq', *arguments, '--database', str(cli.database)]!r}\n"
        "from musterq.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=50)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == ('Error: metrics for Prometheus need its client library: pip install "musterq[prometheus]"\n')


# -- printing ------------------------------------------------------------------------------------
def test_metrics_are_printed_as_prometheus_reads_them(cli: Cli, queue: TaskQueue):
    """All of them, once."""
    queue.enqueue("mail", {})
    text = "\n".join(cli.lines("metrics", "--prometheus")) + "\n"
    families = {family.name for family in text_string_to_metric_families(text)}
    assert families == {name.removesuffix("_total") for name in INSTRUMENTS}
    assert 'musterq_tasks{status="queued",type="mail"} 1.0\n' in text


def test_one_format_at_a_time(cli: Cli, queue: TaskQueue):
    """A usage error."""
    assert "--json" in cli.error("metrics", "--prometheus", "--json", code=2)


@pytest.mark.parametrize(("option", "file"), [("--rules", "alerts.yml"), ("--dashboard", "dashboard.json")])
def test_the_files_are_printed_as_they_are(cli: Cli, option: str, file: str):
    """No database is needed for that."""
    import musterq.monitoring

    there = Path(musterq.monitoring.__file__).parent / "prometheus_files" / file
    assert "\n".join(cli.lines("exporter", option)) == there.read_text(encoding="utf-8").rstrip("\n")
    assert not cli.database.exists()


@pytest.mark.parametrize("others", [("--rules", "--dashboard"), ("--rules", "--json")])
def test_one_file_at_a_time(cli: Cli, others: tuple[str, ...]):
    """A usage error."""
    assert "alone" in cli.error("exporter", *others, code=2)
