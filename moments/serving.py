"""Serving an ASGI application from a child process of `moments up`, or alone."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from moments.heard import Heard

_GRACE_S = 8


class _Server(uvicorn.Server):
    """uvicorn without its signal handling: it ends the process by the signal itself, before anything is
    closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Http1(HttpToolsProtocol):
    """HTTP/1.1 that passes over offers to go on in HTTP/2 (`Upgrade: h2c`), as RFC 9110 lets a server do.

    Java's HttpClient makes that offer with its first request. The parser would end there and lose the body.
    """

    _in_head = True

    def data_received(self, data: bytes) -> None:
        """Bytes of the connection, the offer taken out of a request's head."""
        if self._in_head and b"h2c" in data:
            head, end, rest = data.partition(b"\r\n\r\n")
            data = _OFFER.sub(b"", head + end) + rest
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """The body follows."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next request's head follows."""
        self._in_head = True
        super().on_message_complete()


_OFFER = re.compile(rb"\r\nupgrade:[ \t]*h2c[ \t]*(?=\r\n)", re.IGNORECASE)


def serve(app: ASGIApp, listener: socket.socket, *, parent_fd: int | None = None) -> None:
    """Answers on `listener` until SIGTERM, SIGINT or the end of the parent; then lets open requests finish.

    `parent_fd` is the reading end of a pipe whose other end only the parent holds: it ends with the parent,
    however the parent ends.
    """
    server = _Server(
        uvicorn.Config(
            Heard(app),
            loop="uvloop",
            http=Http1,
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
            backlog=2048,
        )
    )

    def stop(*_: object) -> None:
        server.should_exit = True

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)
    if parent_fd is not None:
        threading.Thread(target=_end_with_parent, args=(parent_fd, stop), daemon=True).start()
    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(server.serve(sockets=[listener]))


def _end_with_parent(parent_fd: int, stop: Callable[[], None]) -> None:
    """Blocks until the parent is gone; asks for a clean end, and insists when that takes too long."""
    with contextlib.suppress(OSError):
        os.read(parent_fd, 1)
    stop()
    threading.Event().wait(2 * _GRACE_S)
    os._exit(1)
