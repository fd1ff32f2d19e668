"""What single processes of the server mode know of the line: each samples its own part (`moments.status`)."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from domain.times import Ms
from moments.layout import Layout
from moments.line_status import (
    letters_by_site,
    letters_in_all,
    letters_of,
    stored_by_site,
    stored_in_all,
)
from projections import metrics
from projections.store import Store


class ProjectorStatus:
    """How far one projector is behind, in its own partitions (the greatest of all projectors counts), and,
    by the one that owns the first partition, what their common store tells of the line.

    Args:
        lag: messages of its partitions that are not derived yet.
        first: whether it owns the first partition now: the same figures need not be sampled by all.
        store: the ClickHouse store.
        generation: the generation it derives.
        clock: UTC milliseconds.
    """

    def __init__(
        self,
        lag: Callable[[], int],
        *,
        first: Callable[[], bool],
        store: Store,
        generation: str,
        clock: Callable[[], Ms],
    ) -> None:
        self._lag = lag
        self._first = first
        self._store = store
        self._generation = generation
        self._clock = clock
        self._last = 0
        self._level_at = time.monotonic()

    def look(self) -> int:
        """The lag now. Looked at every few seconds, so that `behind_s` knows when it was last level."""
        self._last = self._lag()
        if not self._last:
            self._level_at = time.monotonic()
        return self._last

    def platform(self) -> Mapping[str, Any]:
        behind_s = time.monotonic() - self._level_at if self._last else 0.0
        own = {"lag_events": self._last, "behind_s": round(behind_s, 1)}
        if not self._first():
            return own
        whole = stored_in_all(self._store, self._generation)
        metrics.complete_until.set(whole.get("complete_until_s", 0))
        return own | whole

    def sites(self) -> Mapping[str, Mapping[str, Any]]:
        return stored_by_site(self._store, self._generation, self._clock()) if self._first() else {}


class LettersStatus:
    """Dead letters of one door, told by the relay beside it: they lie in the door's own folder."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def platform(self) -> Mapping[str, Any]:
        return letters_in_all(letters_of(self._layout))

    def sites(self) -> Mapping[str, Mapping[str, Any]]:
        return letters_by_site(letters_of(self._layout))
