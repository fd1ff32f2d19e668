"""Serving an ASGI application from a child process of `moments up`, or alone."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

_GRACE_S = 8


class _Server(uvicorn.Server):
    """uvicorn without its signal handling: it ends the process by the signal itself, before anything is
    closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(app: ASGIApp, listener: socket.socket, *, parent_fd: int | None = None) -> None:
    """Answers on `listener` until SIGTERM, SIGINT or the end of the parent; then lets open requests finish.

    `parent_fd` is the reading end of a pipe whose other end only the parent holds: it ends with the parent,
    however the parent ends.
    """
    server = _Server(
        uvicorn.Config(
            app,
            loop="uvloop",
            http="httptools",
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
