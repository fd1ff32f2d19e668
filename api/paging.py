"""Pages of a list: an opaque cursor that is the key of the last row seen, so that new rows never shift a
page.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, date, datetime
from typing import Annotated, Any

import msgspec
from fastapi import Query

from api.freshness import utc
from api.problems import invalid
from projections.lists import Listing

MOST = 1000

Limit = Annotated[int, Query(ge=1, le=MOST)]
Cursor = Annotated[str | None, Query(description="`next` of the page before")]


def cursor_of(listing: Listing, row: dict[str, Any]) -> str:
    """The cursor behind a row; the first column of the order is a time, in UTC ms."""
    first, *others = listing.order
    key = [str(round(_aware(row[first]).timestamp() * 1000)), *(row[name] for name in others)]
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def after(listing: Listing, cursor: str | None) -> tuple[str, ...]:
    """The key in a cursor; 422 for what is none of this list's."""
    if not cursor:
        return ()
    try:
        key = msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=list[str])
        int(key[0])
    except (ValueError, binascii.Error, msgspec.DecodeError, IndexError) as error:
        raise invalid("cursor", "this is no cursor of this list") from error
    if len(key) != len(listing.order):
        raise invalid("cursor", "this is no cursor of this list")
    return tuple(key)


def plain(value: Any) -> Any:
    """A cell as JSON and CSV show it: times as RFC 3339 in UTC, dates as they are written."""
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
