"""Rows of a generation's `events` as the domain's events again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from domain.event import Event
from domain.events import parse_data
from projections.store import Store

COLUMNS: Final = "event_id, source, type, version, ms, site_id, data, sequence"
"""What a SELECT has to name, in this order, for `stored_events`."""


def stored_events(
    store: Store, sql: str, parameters: Mapping[str, Any] | None = None, **names: object
) -> list[Event]:
    """The events that a SELECT of `COLUMNS` finds, in its order; see Store.rows."""
    return [
        Event(id_, source, type_, ms, site or None, parse_data(type_, version, data.encode()), number or None)
        for id_, source, type_, version, ms, site, data, number in store.rows(sql, parameters, **names)
    ]
