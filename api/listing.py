"""One page of a list, out of the store and into an answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from starlette.responses import Response

from api.answers import Format, table_of
from api.paging import cursor_of, plain
from api.problems import invalid
from api.reading import Reading
from projections.lists import ListQuery


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as shown, and the head that goes with them."""

    head: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]


def chosen(
    **filters: tuple[list[str] | None, Collection[str] | None],
) -> dict[str, tuple[str, ...]]:
    """Filters that were given, as column → values; 422 for a value that the known ones do not hold."""
    out: dict[str, tuple[str, ...]] = {}
    for name, (values, known) in filters.items():
        if not values:
            continue
        if known is not None:
            for value in values:
                if value not in known:
                    raise invalid(name, f"no {name} {value}", allowed=known)
        out[name] = tuple(sorted(set(values)))
    return out


def page(reading: Reading, query: ListQuery, limit: int) -> Page:
    """Runs the query, which asks for one row more than `limit` to see whether there is a next page.
    Blocking.
    """
    until = reading.complete_until()
    sql, params = query.to_sql()
    names = query.listing.columns
    found = [dict(zip(names, row, strict=True)) for row in reading.services.store.rows(sql, params)]
    more = cursor_of(query.listing, found[limit - 1]) if len(found) > limit else None
    rows = [_shown(row) for row in found[:limit]]
    return Page({"next": more, "complete_until": until, "position": reading.position}, rows)


def answer_page(format_: Format, types: Mapping[str, pa.DataType], shown: Page) -> Response:
    return format_.answer(shown.head, table_of(types, shown.rows))


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """Ids that are not there are null, as in the explanations; the store keeps them as empty text."""
    shown = {"site" if name == "site_id" else name: plain(value) for name, value in row.items()}
    for name in ("visit_id", "case_id", "channel"):
        if shown.get(name) == "":
            shown[name] = None
    return shown
