"""The decisions in force as the API reads them, followed the same way in the core and in the server mode."""

import threading
from collections.abc import Callable, Hashable

from api.directory import Directory, directory_of
from domain.structure import StructureState
from projections.store import Store
from projections.structure_tables import stored_decisions


class InForce:
    """One picture of the decisions, replaced whole when what is stored has another mark.

    Readers in other threads never see a half-applied decision: state and directory change together, and a
    state that was handed out never changes.

    Args:
        load: reads the decisions that are stored now.
        mark: says which decisions these are, cheaply; None while nobody can tell, so the picture stays.
    """

    def __init__(self, load: Callable[[], StructureState], mark: Callable[[], Hashable | None]) -> None:
        self._load = load
        self._mark = mark
        self._lock = threading.Lock()
        self._seen = mark()
        self._state = load()
        self._directory = directory_of(self._state)

    def state(self) -> StructureState:
        """The state in force."""
        self._follow()
        return self._state

    def directory(self) -> Directory:
        """The same as the API's directory."""
        self._follow()
        return self._directory

    def _follow(self) -> None:
        # Taken before what it marks is read: a decision between the two is read twice, never missed.
        mark = self._mark()
        if mark is None or mark == self._seen:
            return
        with self._lock:
            if mark != self._seen:
                self._state = self._load()
                self._directory = directory_of(self._state)
                self._seen = mark


def stored_structure(store: Store, generation: str) -> StructureState:
    """The decisions that a generation holds, applied in the order of the log."""
    return StructureState().apply_all(stored_decisions(store, generation))
