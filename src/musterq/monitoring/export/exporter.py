"""Serving the metrics of a queue to Prometheus, over HTTP."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from musterq.monitoring.prometheus import wsgi_app
from musterq.monitoring.queue_monitoring import QueueMonitoring

PATIENCE_SECONDS = 10.0
_LOG = logging.getLogger("musterq.monitoring")
_TEXT = [("Content-Type", "text/plain; charset=utf-8")]
_SAID = {
    "/": ("200 OK", b"musterq: the metrics of the queue are at /metrics\n"),
    "/healthz": ("200 OK", b"ok\n"),
}
_NOT_HERE = ("404 Not Found", b"the metrics of the queue are at /metrics\n")


class Exporter:
    """A server whose ``/metrics`` is read anew from the queue at each scrape.

    ``/healthz`` says only that it serves; whether the queue can be read is ``musterq_up``. No request is answered
    outside of `serving`.

    Args:
        monitoring: The queue.
        host: The address to listen on.
        port: The port; 0: one that is free.

    Attributes:
        scrapes: how often the metrics were asked for.

    Raises:
        OSError: nobody can listen there.
    """

    def __init__(self, monitoring: QueueMonitoring, host: str, port: int) -> None:
        self._metrics = wsgi_app(monitoring)
        self._lock = threading.Lock()
        self.scrapes = 0
        self._server = _Server(host, port)
        self._server.set_app(self._answer)

    @property
    def url(self) -> str:
        """Where the metrics are."""
        host, port = self._server.server_name, self._server.server_port
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/metrics"

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Answer requests in this block; at its end, stop listening."""
        thread = threading.Thread(target=self._server.serve_forever, name="musterq-exporter", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def _answer(self, request: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = request["PATH_INFO"]
        if path == "/metrics":
            with self._lock:
                self.scrapes += 1
            return self._metrics(request, start)
        status, text = _SAID.get(path, _NOT_HERE)
        start(status, [*_TEXT])  # the server adds to it
        return [text]


class _Server(ThreadingMixIn, WSGIServer):
    """A thread for each request, none of which keeps the process from ending."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_port = False

    def __init__(self, host: str, port: int) -> None:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        self.address_family, _, _, _, address = found[0]
        super().__init__((str(address[0]), port), _Request)

    def server_bind(self) -> None:
        """Listen, without asking the name service who we are, as `http.server` does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002  # as it is called
        """Whoever asked went away or was too slow."""
        _LOG.debug("a request of %s broke off", client_address, exc_info=True)


class _Request(WSGIRequestHandler):
    timeout = PATIENCE_SECONDS

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's word
        _LOG.debug(format, *args)
