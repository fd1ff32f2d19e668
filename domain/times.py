"""Instants and durations: UTC milliseconds, whole seconds, and the two roundings of the domain (R2, R3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

import msgspec

Ms: TypeAlias = int
"""An instant: milliseconds since 1970-01-01T00:00:00Z."""

SECOND_MS = 1_000
HOUR_MS = 3_600_000
DAY_S = 86_400
DAY_MS = 86_400_000

EARLIEST: Ms = 0
LATEST: Ms = 7_258_118_400_000
"""Instants that events may carry: from 1970 up to, not including, 2200, which the analytics store can hold.
"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ORDINAL_1970 = 719_163
_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)
_convert = msgspec.convert
_SHORTEST, _LONGEST_Z, _LONGEST_OFFSET = 20, 27, 32


def parse_rfc3339(text: str) -> Ms:
    """The instant an RFC 3339 date-time names; digits beyond the millisecond are cut, never rounded (R2).

    Lower-case `t` and `z`, any number of fraction digits and the leap second 23:59:60 (read as the second
    after it) are accepted. ValueError for anything else, above all a missing offset.
    """
    size = len(text)
    # msgspec's parser is several times faster, but rounds digits beyond the microsecond and lets a blank for
    # T and an offset without colon pass: only what is short and standard may go that way.
    if _SHORTEST <= size <= _LONGEST_OFFSET and text[10] in "Tt":
        if text[-1] in "Zz":
            if size > _LONGEST_Z:
                return _parse_slowly(text)
        elif text[-3] != ":" or text[-6] not in "+-":
            return _parse_slowly(text)
        try:
            moment = _convert(text, datetime)
        except msgspec.ValidationError:
            return _parse_slowly(text)
        since = moment - _EPOCH
        return since.days * DAY_MS + since.seconds * SECOND_MS + since.microseconds // 1000
    return _parse_slowly(text)


def _parse_slowly(text: str) -> Ms:
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 date-time with an offset, such as 2026-11-02T08:30:00+03:00")
    day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = match.groups()
    days = datetime.fromisoformat(day).toordinal() - _ORDINAL_1970
    seconds = int(hour) * 3600 + int(minute) * 60 + int(second)
    if sign is not None:
        offset = int(offset_hours) * 3600 + int(offset_minutes) * 60
        seconds += offset if sign == "-" else -offset
    if second == "60" and (seconds % DAY_S) != 0:
        raise ValueError("a leap second is only at 23:59:60 UTC")
    return days * DAY_MS + seconds * SECOND_MS + int(((fraction or "") + "000")[:3])


def format_rfc3339(instant: Ms) -> str:
    """The instant in UTC with `Z`, with milliseconds when there are any. OverflowError outside years 1 to
    9999.
    """
    moment = _EPOCH + timedelta(milliseconds=instant)
    text = moment.isoformat(timespec="milliseconds" if instant % SECOND_MS else "seconds")
    return text[:-6] + "Z"


def whole_seconds(instant: Ms) -> int:
    """Seconds since 1970, cut to the whole second (towards the past)."""
    return instant // SECOND_MS


def duration_s(start: Ms, end: Ms) -> int:
    """Seconds between two instants, each cut to the whole second: contiguous stages add up exactly (R2)."""
    return end // SECOND_MS - start // SECOND_MS


def round_half_up(value: float | Decimal | Fraction) -> int:
    """The nearest whole number, halves towards plus infinity (R3). ValueError for NaN and infinities."""
    if isinstance(value, int):
        return value
    try:
        exact = Fraction(value)
    except OverflowError as error:
        raise ValueError("not a finite number") from error
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
