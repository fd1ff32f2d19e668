"""The database of public views: one view a grain, one a measure, `cells`, and the samples of `status`.

BI tools and boards read nothing else. The views of measures are made from the same SELECT files as the API's
queries, so a measure added to the catalogue is there at the next start, for everybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import pyarrow as pa

from domain.measures import CATALOGUE
from domain.times import Ms
from projections.measures import cells_select, measure_select
from projections.store import Store

_STATUS: Final = pa.schema(
    [
        ("at", pa.timestamp("ms", "UTC")),
        ("site_id", pa.string()),
        ("name", pa.string()),
        ("value", pa.float64()),
    ]
)


def create_public(store: Store, generation: str, public: str) -> None:
    """Creates or replaces every public view over this generation, and `status` where it is missing."""
    store.create(public, "views", gen=generation, public=public)
    store.create(public, "status", public=public)
    for name, select in measure_views():
        store.command(f"CREATE OR REPLACE VIEW $public.{name} AS\n{select}", public=public)


def measure_views() -> Iterator[tuple[str, str]]:
    """(name, SELECT): `kpi_<code>` is the whole, `kpi_<code>_by_department` its parts, `cells` all of them
    summed."""
    for code in CATALOGUE:
        select = measure_select(code)
        yield f"kpi_{code}", select.whole
        if select.departments is not None:
            yield f"kpi_{code}_by_department", select.departments
    yield "cells", cells_select()


def record_status(store: Store, public: str, at: Ms, figures: Mapping[tuple[str, str], float]) -> None:
    """Appends one sample; figures by (site or '' for the platform, name)."""
    rows = [(at, site, name, value) for (site, name), value in figures.items()]
    store.insert_rows(f"{public}.status", _STATUS, rows)
