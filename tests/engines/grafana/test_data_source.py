"""What the boards' queries are once Grafana's own libraries have sent and framed them.

Every other test of this folder asks through them too (`Boards.ask`): the same statement, the same frame.
"""

from __future__ import annotations

import pytest

from tests.engines.grafana.conftest import Boards
from tests.engines.grafana.data_source import DataSource, Refused, provisioned
from tests.plugin import TimeRange, expand


def test_the_provisioned_data_source_says_all_that_a_connection_needs() -> None:
    settings = provisioned(8123)["jsonData"]

    assert (settings["host"], settings["username"]) == ("127.0.0.1", "boards_reader")
    assert {
        type(settings[key]) for key in ("host", "username", "defaultDatabase", "dialTimeout", "queryTimeout")
    } == {str}


@pytest.mark.parametrize(
    "macro",
    ["$__fromTime", "$__toTime", "$__fromTime_ms", "$__toTime_ms", "$__interval_s", "$__timeFilter(t)",
     "$__timeFilter_ms(t)", "$__timeInterval(t)"],
)  # fmt: skip
def test_a_macro_is_read_as_our_own_reading_has_it(macro: str, source: DataSource) -> None:
    at = TimeRange(1_700_000_000_999, 1_700_003_600_001, 90)
    text = f"SELECT toString({macro}) AS x FROM (SELECT now() AS t)"

    assert source.ask({"rawSql": text, "format": 1}, at).statement == expand(text, at)


def test_an_error_of_the_engine_reaches_the_panel(source: DataSource, week: TimeRange) -> None:
    with pytest.raises(Refused, match="nobody"):
        source.ask({"rawSql": "SELECT nobody FROM moments.visits", "format": 1}, week)


def test_every_kind_of_value_comes_over_the_wire(source: DataSource, boards: Boards, week: TimeRange) -> None:
    """Given a column of each kind that a board may have, the client of Grafana reads what chDB wrote."""
    text = """SELECT number AS n, toString(number) AS t, toLowCardinality(toString(number % 2)) AS l,
        if(number = 1, NULL, toLowCardinality(toString(number))) AS m, if(number = 1, NULL, number / 4) AS f,
        toDate('2026-01-01') + number AS d, toDateTime64('2026-01-01 00:00:00.123', 3, 'UTC') AS s,
        toDecimal64(1.25, 2) AS p, nan AS q, number = 2 AS b,
        CAST(number + 1 AS Enum8('a' = 1, 'b' = 2, 'c' = 3)) AS e,
        toFixedString('xy', 2) AS g FROM numbers(3)"""
    rows = source.ask({"rawSql": text, "format": 1}, week).frame.rows()
    wanted = boards.store.client().query(text)

    assert [row["t"] for row in rows] == ["0", "1", "2"]
    for row, exact in zip(rows, wanted.named_results(), strict=True):
        for name in ("n", "l", "m", "f", "b", "e"):
            assert row[name] == exact[name], name
        assert row["d"].date() == exact["d"]
        assert row["s"].microsecond == 123_000
        assert (row["p"], str(row["q"])) == (1.25, "nan")


def test_no_rows_give_no_fields(source: DataSource, week: TimeRange) -> None:
    for format_ in (0, 1):
        assert (
            source.ask(
                {"rawSql": "SELECT now() AS time, 1. AS v WHERE 0", "format": format_}, week
            ).frame.fields
            == []
        )
