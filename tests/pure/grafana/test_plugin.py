"""The stand-in for the plugin expands and frames as the plugin does, and refuses what the plugin would
leave."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.plugin import TimeRange, expand, frame, interpolate

AT = TimeRange(1_700_000_000_999, 1_700_003_600_001, 60)


@pytest.mark.parametrize(
    ("macro", "text"),
    [
        ("$__timeFilter(hour)", "hour >= toDateTime(1700000000) AND hour <= toDateTime(1700003600)"),
        (
            "$__timeFilter_ms(at)",
            "at >= fromUnixTimestamp64Milli(1700000000999) AND at <= fromUnixTimestamp64Milli(1700003600001)",
        ),
        ("$__fromTime", "toDateTime(1700000000)"),
        ("$__toTime", "toDateTime(1700003600)"),
        ("$__toTime_ms", "fromUnixTimestamp64Milli(1700003600001)"),
        ("$__timeInterval(at)", "toStartOfInterval(toDateTime(at), INTERVAL 60 second)"),
        ("$__interval_s", "60"),
    ],
)
def test_macros(macro: str, text: str) -> None:
    assert expand(macro, AT) == text


@pytest.mark.parametrize("macro", ["$__conditionalAll(a, $b)", "$__adHocFilters('t')", "$__timegroup(x)"])
def test_what_the_backend_does_not_know_is_refused(macro: str) -> None:
    with pytest.raises(ValueError, match="no macro"):
        expand(macro, AT)


def test_variables_are_quoted_and_escaped() -> None:
    assert interpolate("${v:sqlstring}", {"v": ["a", "o'b", 'c"d']}) == """'a','o''b','c\\"d'"""
    assert interpolate("${v:sqlstring}", {"v": []}) == ""
    with pytest.raises(ValueError, match="unescaped"):
        interpolate("'${v}'", {"v": "a"})


def test_long_rows_become_wide_fields_with_nulls_in_the_gaps() -> None:
    noon, one = (datetime(2026, 11, 1, hour, tzinfo=UTC) for hour in (12, 13))
    found = frame(0, ["time", "site", "value"], [(noon, "a", 1.0), (one, "b", 2.0)])

    assert [(labels, values) for _, labels, values in found.fields[1:]] == [
        ({"site": "a"}, [1.0, None]),
        ({"site": "b"}, [None, 2.0]),
    ]


def test_a_time_series_out_of_order_or_without_time_is_refused() -> None:
    noon, one = (datetime(2026, 11, 1, hour, tzinfo=UTC) for hour in (12, 13))
    with pytest.raises(ValueError, match="ascending"):
        frame(0, ["time", "value"], [(one, 1.0), (noon, 2.0)])
    with pytest.raises(ValueError, match="begins with a time"):
        frame(0, ["day", "value"], [(noon, 1.0)])
    assert frame(0, ["time", "value"], []).fields == []
