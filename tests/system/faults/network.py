"""A network on loopback that misbehaves when told to: resets, half-closes, stalls after so many bytes."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass
from time import monotonic

from tests.engines.kafka.broker import free_port

_CHUNK = 1 << 16


@dataclass
class Fault:
    """What happens after `left` more bytes: `cut` (all connections are reset), `half` (one direction of the
    connection that carries the byte ends) or `stall` (nothing passes for `seconds`)."""

    kind: str
    left: int
    seconds: float = 0.0


class Link:
    """An address that passes every byte on to a port, in both directions, until a fault is due."""

    def __init__(self, to: int | None = None) -> None:
        self.to = to or free_port()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.done: list[str] = []
        self._lock = threading.Lock()
        self._fault: Fault | None = None
        self._stalled_until = 0.0
        self._open: set[socket.socket] = set()
        self._closed = threading.Event()
        threading.Thread(target=self._accept, name=f"link-{self.port}", daemon=True).start()

    def arm(self, fault: Fault) -> None:
        """The fault happens once, in the middle of whatever is being carried."""
        with self._lock:
            self._fault = fault

    @property
    def armed(self) -> bool:
        """Whether a fault still waits for its byte."""
        return self._fault is not None

    def calm(self) -> None:
        """From now on everything passes."""
        with self._lock:
            self._fault = None
            self._stalled_until = 0.0

    def close(self) -> None:
        """Nobody is listening any more."""
        self._closed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._reset_all()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.to), timeout=5)
            except OSError:
                _reset(near)  # nobody listens behind the link: as if nobody listened here
                continue
            far.settimeout(None)
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        """One direction of one connection; the end of either side ends both unless it is a half-close."""
        try:
            while chunk := one.recv(_CHUNK):
                if not self._pass(chunk, other):
                    return
            with contextlib.suppress(OSError):
                other.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(one, other)
        finally:
            self._forget_closed(one, other)

    def _pass(self, chunk: bytes, other: socket.socket) -> bool:
        """Sends it on; False when this direction has ended."""
        while (wait := self._stalled_until - monotonic()) > 0:
            self._closed.wait(min(wait, 0.05))
        with self._lock:
            fault = self._fault
            if fault is not None and fault.left >= len(chunk):
                fault.left -= len(chunk)
                fault = None
            elif fault is not None:
                self._fault = None
        if fault is None:
            other.sendall(chunk)
            return True
        other.sendall(chunk[: fault.left])
        self.done.append(fault.kind)
        if fault.kind == "cut":
            self._reset_all()
            return False
        if fault.kind == "half":
            other.shutdown(socket.SHUT_WR)
            return False
        self._stalled_until = monotonic() + fault.seconds
        return self._pass(chunk[fault.left :], other)

    def _reset_all(self) -> None:
        with self._lock:
            ending, self._open = self._open, set()
        for one in ending:
            _reset(one)

    def _drop(self, *sockets: socket.socket) -> None:
        with self._lock:
            self._open -= set(sockets)
        for one in sockets:
            _reset(one)

    def _forget_closed(self, one: socket.socket, other: socket.socket) -> None:
        """Both directions over: the sockets are given back."""
        with self._lock:
            if one in self._open and _ended(one) and _ended(other):
                self._open -= {one, other}
                one.close()
                other.close()


def _ended(one: socket.socket) -> bool:
    """Whether the kernel has closed both directions of this connection."""
    try:
        state = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    except OSError:
        return True
    return state not in {1, 4, 5, 8}  # ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT


def _reset(one: socket.socket) -> None:
    """RST instead of FIN: what was under way is lost, and whoever reads is told at once."""
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RD)  # wakes the thread that reads from it, and tells the peer nothing
    one.close()
