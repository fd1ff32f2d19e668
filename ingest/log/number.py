"""Which log this is: its number, which begins every position, and an identity that no other log has.

Both are kept in the log's own database. The number may be chosen until the first row is stored; from then on
positions with it have been given out, and another number would silently be another log. The identity is how
Kafka's relays find out that two logs were given one number.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import uuid4

from ingest.errors import LogMismatch
from ingest.log.record import LOG_NO


class LogIdentity(NamedTuple):
    """The number of a log (1 or more) and its UUID as 32 hexadecimal digits."""

    no: int
    uuid: str


def settle(kept: LogIdentity | None, wanted: int | None, *, fixed: bool, where: str) -> LogIdentity:
    """The identity that a log opened for writing has from now on.

    kept: what its database says, None in a new one and in one from before logs had numbers (those were all
    1). wanted: the number of the settings, None: as the log has it. fixed: whether its number may have been
    given out: it has rows, or other doors have it open. where: names the log in the error.
    Raises LogMismatch when another number is wanted then.
    """
    if kept is None:
        kept = LogIdentity(LOG_NO if fixed or wanted is None else wanted, uuid4().hex)
    if wanted is None or wanted == kept.no:
        return kept
    if fixed:
        raise LogMismatch(
            f"the log in {where} has the number {kept.no} for good: MOMENTS_LOG_NO={wanted} cannot change it"
        )
    return kept._replace(no=wanted)
