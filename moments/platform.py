"""`moments up`: one platform on one data folder, from the first key to the clean stop."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from os import getpid

import httpx

from ingest.keys import Act, Keys
from moments import runfile
from moments.errors import CommandFailed
from moments.layout import Layout
from moments.run_keys import RunTokens
from moments.settings import Loaded, Settings
from moments.supervise import Child, FolderLock, Supervisor, address_of, listen

FIRST_KEY = "admin"
_POLL_S = 0.05
_STARTING = frozenset({"core_restarting"})


class Running:
    """What may be done beside the supervised parts: knows the address and the tokens, and when to stop."""

    def __init__(
        self,
        url: str,
        tokens: RunTokens,
        supervisor: Supervisor,
        announce: Callable[[str], None],
        warn: Callable[[str], None],
    ) -> None:
        self.url = url
        self.tokens = tokens
        self.announce = announce
        self._warn = warn
        self._supervisor = supervisor

    @property
    def stopping(self) -> bool:
        return self._supervisor.stopping

    def wait_ready(self) -> bool:
        """Waits until door and core both answer; False when the run ends before that.

        Whatever else than their starting keeps the platform from being ready is said once on stderr.
        """
        told: set[str] = set()
        with httpx.Client(base_url=self.url, timeout=5.0) as http:
            while not self.stopping:
                with suppress(httpx.TransportError):
                    answer = http.get("/readyz")
                    if answer.status_code == httpx.codes.OK:
                        return True
                    for code, detail in reasons(answer):
                        if code not in told and code not in _STARTING:
                            self._warn(f"not ready yet: {detail}; waiting")
                        told.add(code)
                self.pause(_POLL_S)
        return False

    def pause(self, seconds: float) -> None:
        """Sleeps, but not past the end of the run."""
        self._supervisor.wait(seconds)


def up(
    loaded: Loaded,
    announce: Callable[[str], None],
    beside: Callable[[Running], None] | None = None,
    *,
    warn: Callable[[str], None],
    embedded: bool = True,
) -> None:
    """Runs the platform until a signal ends it.

    `announce` prints a line on stdout, `warn` one on stderr; `beside` is called in a thread of its own once
    the platform is ready.
    Raises CommandFailed when the folder is in use, the address is taken, or there is no key to guard it.
    """
    settings = loaded.settings
    if embedded:
        refuse_server_mode(settings)
    layout = Layout(settings.data)
    layout.make()
    lock = FolderLock(settings.data)
    try:
        listener = listen(settings.host, settings.port)
        first_key(settings, layout, announce)
        tokens = RunTokens.fresh()
        url = address_of(listener)
        running = runfile.RunFile(
            pid=getpid(),
            url=url,
            core_socket=str(layout.core_socket),
            token=tokens.admin,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        runfile.write(settings.data, running)
        try:
            _supervise(loaded, listener, tokens, url, announce, warn, beside)
        finally:
            runfile.remove(settings.data)
            listener.close()
    finally:
        lock.release()


def _supervise(
    loaded: Loaded,
    listener: socket.socket,
    tokens: RunTokens,
    url: str,
    announce: Callable[[str], None],
    warn: Callable[[str], None],
    beside: Callable[[Running], None] | None,
) -> None:
    supervisor = Supervisor()
    supervisor.catch_signals()
    environment = {**loaded.environment(), **tokens.environment()}
    parent = str(supervisor.parent_fd)
    running = Running(url, tokens, supervisor, announce, warn)

    def accompany() -> None:
        if running.wait_ready():
            supervisor.ready()
            announce(f"ready {url}")
            if beside is not None:
                beside(running)

    companion = threading.Thread(target=accompany, name="beside", daemon=True)
    try:
        supervisor.start(
            # Stopped in this order: what the door has answered is in the log, the core may end at any time.
            Child(
                "door",
                ["door", "--listen-fd", str(listener.fileno()), "--parent-fd", parent],
                (listener.fileno(), supervisor.parent_fd),
                environment,
            ),
            Child("core", ["core", "--parent-fd", parent], (supervisor.parent_fd,), environment),
        )
        companion.start()
        supervisor.run()
    finally:
        supervisor.stop()
        supervisor.close()
        companion.join(timeout=5)


def reasons(answer: httpx.Response) -> list[tuple[str, str]]:
    """(code, detail) of what /readyz says; one without a code when its body is no problem document."""
    try:
        return [(str(fault["code"]), str(fault["detail"])) for fault in answer.json()["errors"]]
    except (ValueError, KeyError, TypeError):
        return [("", f"/readyz answers {answer.status_code}")]


def refuse_server_mode(settings: Settings) -> None:
    """One clear line instead of a platform that ignores a setting."""
    server = {
        "MOMENTS_ACK=kafka": settings.ack == "kafka",
        "MOMENTS_KAFKA_BOOTSTRAP": settings.kafka_bootstrap is not None,
        "MOMENTS_CLICKHOUSE_URL": settings.clickhouse_url is not None,
    }
    if named := [name for name, given in server.items() if given]:
        raise CommandFailed(
            f"{', '.join(named)}: `moments up` is embedded; the server mode has serve, relay, project"
        )


def first_key(settings: Settings, layout: Layout, announce: Callable[[str], None]) -> None:
    """Makes and shows the first admin key; beyond loopback a key has to be there already."""
    keys = Keys(layout.keys, admin_key=settings.admin_key.get_secret_value() if settings.admin_key else None)
    try:
        if keys.any():
            return
        if not settings.loopback_only:
            raise CommandFailed(
                f"refusing to listen on {settings.host} without any key: set MOMENTS_ADMIN_KEY or "
                "run `moments keys create NAME --role admin` first"
            )
        names = {key.name for key in keys.list()}
        name = next(
            name for name in (FIRST_KEY, *(f"{FIRST_KEY}-{n}" for n in range(2, 1000))) if name not in names
        )
        token = keys.create(name, "admin")
        keys.audit("first start", Act("key.created", name, {"role": "admin"}))
        announce(f"admin key {token}  (shown once, only its hash is kept)")
    finally:
        keys.close()
