"""The composition root: every part of the platform as something that can be served."""

import os
import socket
from collections.abc import Callable
from contextlib import suppress

from fastapi import FastAPI

from ingest.errors import LogInUse, LogMismatch, LogUnwritable
from moments.errors import CommandFailed
from moments.layout import Layout
from moments.serving import serve
from moments.settings import Settings
from moments.supervise import address_of, listen


def serve_door(settings: Settings, listener: socket.socket, *, parent_fd: int | None = None) -> None:
    """Door and log on a listening socket, until stopped."""
    from moments.door import door_app

    try:
        app = door_app(settings)
    except (LogInUse, LogMismatch, LogUnwritable) as fault:
        raise CommandFailed(str(fault)) from fault
    serve(app, listener, parent_fd=parent_fd)


def serve_door_alone(settings: Settings, announce: Callable[[str], None]) -> None:
    """The door under a supervisor of the user's own."""
    from moments.platform import first_key

    refuse_unmade(settings)
    layout = Layout(settings.data)
    layout.make()
    with listen(settings.host, settings.port) as listener:
        first_key(settings, layout, announce)
        announce(f"listening {address_of(listener)}")
        serve_door(settings, listener)


def serve_core(settings: Settings, *, parent_fd: int | None = None) -> None:
    """Projector and KPI API on the core's socket in DATA/run, until stopped."""
    from projections.store import StoreError

    layout = Layout(settings.data)
    layout.make()
    try:
        app = _read_side(settings)
    except StoreError as fault:
        raise CommandFailed(str(fault)) from fault
    with suppress(FileNotFoundError):
        # Left behind by a core that was killed; a living one would hold the store's own lock.
        layout.core_socket.unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        before = os.umask(0o177)  # the socket is its owner's only, from its first moment
        try:
            listener.bind(str(layout.core_socket))
        except OSError as fault:
            raise CommandFailed(f"cannot make {layout.core_socket}: {fault.strerror or fault}") from fault
        finally:
            os.umask(before)
        listener.listen(2048)
        serve(app, listener, parent_fd=parent_fd)


def serve_api_alone(settings: Settings, announce: Callable[[str], None]) -> None:
    """The KPI API of the server mode on an address of its own, under a supervisor of the user's own."""
    from moments.platform import first_key
    from projections.store import StoreError

    layout = Layout(settings.data)
    layout.make()
    with listen(settings.host, settings.port) as listener:
        first_key(settings, layout, announce)
        try:
            app = _read_side(settings)
        except StoreError as fault:
            raise CommandFailed(str(fault)) from fault
        announce(f"listening {address_of(listener)}")
        serve(app, listener)


def refuse_unmade(settings: Settings) -> None:
    """What settings may ask for and this version does not do."""
    if settings.ack == "kafka" and settings.log_url is not None:
        # One relay sends a shared log, and its word reaches the door beside it only.
        raise CommandFailed(
            "MOMENTS_ACK=kafka: not with MOMENTS_LOG_URL, whose relay's word reaches the door beside it only"
        )
    if settings.ack == "kafka" and settings.kafka_bootstrap is None:
        raise CommandFailed(
            "MOMENTS_ACK=kafka needs MOMENTS_KAFKA_BOOTSTRAP and a `moments relay` on this folder"
        )


def in_server_mode(settings: Settings) -> bool:
    """Whether projectors are processes of their own, fed by Kafka."""
    return settings.kafka_bootstrap is not None


def _read_side(settings: Settings) -> FastAPI:
    if in_server_mode(settings):
        from moments.server_api import server_api

        return server_api(settings)
    from moments.core import core_app

    return core_app(settings)
