"""When the same identity comes again: is it the same fact (R1)?

Type, instant of time, site and data are compared. Data are compared as JSON values: white space, the order
of members and the spelling of a number (`1`, `1.0`, `1e0`) do not make a conflict; `1` and `true` do.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from decimal import Decimal
from typing import Any

from ingest.log.record import LogRecord


def differs(kept: LogRecord, again: LogRecord, *, ignore: Collection[str] = ()) -> bool:
    """True when `again` says something else than `kept`; members of data named in `ignore` are left out."""
    if kept.type != again.type or kept.ms != again.ms or kept.site != again.site:
        return True
    one, other = bytes(kept.data), bytes(again.data)
    if one == other and not ignore:
        return False
    try:
        return not same_json(_without(read_json(one), ignore), _without(read_json(other), ignore))
    except (ValueError, RecursionError):
        # A refused event may carry data that are no JSON at all; what is kept always is.
        return True


def read_json(raw: bytes) -> Any:
    """JSON with numbers exact: 0.1 and 1e400 keep their value."""
    return json.loads(raw, parse_float=Decimal)


def same_json(one: Any, other: Any) -> bool:
    """Equality of JSON values; unlike Python's, a boolean is not a number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            same_json(value, other[name]) for name, value in one.items()
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    return bool(one == other)


def _without(value: Any, names: Collection[str]) -> Any:
    if names and isinstance(value, dict):
        return {name: member for name, member in value.items() if name not in names}
    return value
