"""One promise or visit explained: its events out of the store, its facts out of the exact domain.

The evidence is the component of the subject (all subjects that know each other through `links`), which is
what the SQL derives together too; the arithmetic is not the SQL's, so an explanation is also a check of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.derive import Facts, InForce, derive
from domain.event import Event
from domain.times import Ms
from projections.placement import hour_of, minted_ms
from projections.store import Store
from projections.stored_events import COLUMNS, stored_events

Place = tuple[int, str, str]
"""(placement hour in UTC seconds, kind, id), all of one site."""

_ROOTS = """SELECT toUnixTimestamp(min(hour)), count() FROM $gen.subjects
WHERE site_id = {site:String} AND kind = {kind:String} AND id = {id:String}"""

# Tuples of the frontier as a set: it prunes by the key (hour first), which separate IN conditions would not.
_PLACES = """(SELECT toDateTime(h, 'UTC'), {site:String}, k, i FROM (SELECT 1) AS one
    ARRAY JOIN {hours:Array(UInt32)} AS h, {kinds:Array(String)} AS k, {ids:Array(String)} AS i)"""

_NEIGHBOURS = f"""SELECT DISTINCT toUnixTimestamp(to_hour), to_kind, to_id FROM $gen.links
PREWHERE (hour, site_id, kind, id) IN {_PLACES}"""

_EVENTS = f"""SELECT {COLUMNS} FROM $gen.events FINAL
PREWHERE (hour, site_id, kind, id) IN {_PLACES}
WHERE kind != 'moment'"""

_CAUSES = f"""SELECT {COLUMNS} FROM $gen.events FINAL
PREWHERE hour = toDateTime(0, 'UTC') AND site_id = {{site:String}} AND kind = 'moment' AND id IN
{{ids:Array(String)}}
"""

_MOMENTS = ("moments.moment.occurred", "moments.promise.fulfilled")
"""What a root cause can name as a moment: one that was told, or the fulfilment that one is derived from."""


class Explainer:
    """Exact facts of single subjects.

    Args:
        store: the ClickHouse store.
        generation: names the live generation's database.
        structure: the decisions in force.
        as_of: the clock the stored facts were derived by, so that both tell the same state.
    """

    def __init__(
        self,
        store: Store,
        *,
        generation: Callable[[], str],
        structure: Callable[[], InForce],
        as_of: Callable[[], Ms],
    ) -> None:
        self._store = store
        self._generation = generation
        self._structure = structure
        self._as_of = as_of

    def facts(self, site: str, kind: str, id_: str) -> Facts:
        """Facts of the whole component of a `promise` or a `visit`; empty when the site never heard of it."""
        return derive(self.evidence(site, kind, id_), self._structure(), self._as_of())

    def evidence(self, site: str, kind: str, id_: str) -> list[Event]:
        """Every event that has a say in the subject's facts, each once."""
        generation = self._generation()
        places = self._component(generation, site, (self._hour(generation, site, kind, id_), kind, id_))
        found = stored_events(self._store, _EVENTS, _params(site, places), gen=generation)
        moments = [
            getattr(event.data, "moment_id", None) or event.id for event in found if event.type in _MOMENTS
        ]
        if moments:
            found += stored_events(self._store, _CAUSES, {"site": site, "ids": moments}, gen=generation)
        return list({(event.source, event.id): event for event in found}.values())

    def _hour(self, generation: str, site: str, kind: str, id_: str) -> int:
        minted = minted_ms(id_)
        if minted is not None:
            return hour_of(minted)
        ((hour, _),) = self._store.rows(_ROOTS, {"site": site, "kind": kind, "id": id_}, gen=generation)
        return int(hour)

    def _component(self, generation: str, site: str, root: Place) -> set[Place]:
        known, frontier = {root}, {root}
        while frontier:  # ends: every round but the last finds a place not known before
            rows = self._store.rows(_NEIGHBOURS, _params(site, frontier), gen=generation)
            frontier = {(int(hour), kind, id_) for hour, kind, id_ in rows} - known
            known |= frontier
        return known


def _params(site: str, places: set[Place]) -> dict[str, Any]:
    ordered = sorted(places)
    return {
        "site": site,
        "hours": [hour for hour, _, _ in ordered],
        "kinds": [kind for _, kind, _ in ordered],
        "ids": [id_ for _, _, id_ in ordered],
    }
