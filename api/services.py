"""The ports the API reads through. `moments/` composes them; tests hand over hand-written ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from api.directory import Directory
from domain.derive import Facts
from domain.times import Ms


class KeyScope(Protocol):
    """What a key may do: `sites` and `regions` are None when the key is for the whole chain."""

    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def sites(self) -> frozenset[str] | None: ...
    @property
    def regions(self) -> frozenset[str] | None: ...


class Keys(Protocol):
    """Checks a bearer token; None for a wrong, revoked or expired one."""

    def check(self, token: str) -> KeyScope | None: ...


class Store(Protocol):
    """The analytics store; may be called from several threads. Raises when it does not answer."""

    def arrow(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """The result as a `pyarrow.Table`."""

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The result as tuples of Python values."""


class Progress(Protocol):
    """How far the projections are. Positions are opaque strings."""

    def position(self) -> str: ...

    def wait(self, position: str, timeout: float) -> bool:
        """Whether `position` is held within `timeout` seconds. ValueError when it is no position."""


class Explain(Protocol):
    """Exact facts of what belongs together with one `promise` or `visit`; empty when the site never heard of
    it.
    """

    def facts(self, site: str, kind: str, id_: str, /) -> Facts: ...


class StatusReport(Protocol):
    """What the read side cannot see in the views: figures of the line itself."""

    def platform(self) -> Mapping[str, Any]:
        """Of the whole installation: lag, dead letters, queued re-derivations …"""

    def sites(self) -> Mapping[str, Mapping[str, Any]]:
        """By site: clock skew, dead letters, waiting promises …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything the API needs.

    `directory` gives the structure in force, rebuilt by its owner when a decision comes; `readiness` the
    reasons not to send traffic here, as code → sentence (none: ready); `threads` bounds queries in flight,
    the others queue.
    """

    store: Store
    directory: Callable[[], Directory]
    keys: Keys
    progress: Progress
    explain: Explain
    status: StatusReport
    readiness: Callable[[], Mapping[str, str]]
    clock: Callable[[], Ms]
    threads: int = 4
    longest_wait_s: float = 10.0
