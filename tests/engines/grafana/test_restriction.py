"""What the shipped row policies would hide, tried on the embedded engine: their conditions as filters on the
tables.

chDB has no users, so the policies themselves cannot be created here; this proves that conditions on exactly
those
tables leave nothing of another site in any public view.
"""

from __future__ import annotations

import re

from domain.measures import CATALOGUE
from grafana.build import HERE
from tests.engines.grafana.conftest import Boards

MINE = "msk-01"
SQL = (HERE / "provisioning/clickhouse/restrict_by_site.sql").read_text(encoding="utf-8")
VIEWS = (
    "events",
    "promises",
    "stages",
    "promise_ledger",
    "visits",
    "visit_moments",
    "visit_ledger",
    "loose_moments",
    "outcomes",
    "outcome_ledger",
    "sites",
    "sources",
    "status",
    "cells",
)


def filters() -> str:
    """The policies of the file as `additional_table_filters`, for a reader who was given one site."""
    found = {}
    for tables, condition in re.findall(
        r"CREATE ROW POLICY OR REPLACE \w+ ON (.*?)\s+FOR SELECT USING (.*?)\s+TO", SQL, re.DOTALL
    ):
        given = re.sub(r"IN \(SELECT site_id FROM moments\.access .*?\)\)?$", f"= '{MINE}'", condition)
        given = re.sub(r"\(SELECT groupArray\(site_id\) FROM moments\.access .*?\)\)", f"['{MINE}']", given)
        for table in re.split(r",\s*", tables):
            found[table] = given
    entries = ", ".join("'{}': '{}'".format(table, text.replace("'", "\\'")) for table, text in found.items())
    return f"additional_table_filters = {{{entries}}}"


def test_no_view_shows_another_site_s_row(boards: Boards) -> None:
    for view in (*VIEWS, *(f"kpi_{code}" for code in CATALOGUE)):
        text = f"SELECT DISTINCT site_id FROM moments.{view} WHERE site_id != ''"
        everybody = {site for (site,) in boards.store.rows(text)}
        mine = {site for (site,) in boards.store.rows(f"{text} SETTINGS {filters()}")}
        assert mine <= {MINE}, view
        assert mine or MINE not in everybody, view
