"""What a door answers: what became of each event of a request, and of all together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from ingest import metrics
from ingest.judge import IDENTITY_TAKEN, Case
from ingest.log.port import Verdict
from ingest.log.record import format_position

Status = Literal["accepted", "duplicate", "rejected"]


class Result(msgspec.Struct):
    """What became of one event."""

    index: int
    id: str | None
    status: Status


class Accepted(Result):
    """Taken in, at this position."""

    position: str


class Duplicate(Result):
    """Its identity was in the log already, at this position; `conflict` when what it says differs (R1)."""

    conflict: bool
    position: str


class Rejected(Result):
    """Refused and kept as a dead letter, for this reason."""

    code: str
    detail: str
    pointer: str


class Summary(msgspec.Struct):
    """The answer to one request. `position` covers everything it named that the log holds."""

    accepted: int
    duplicate: int
    rejected: int
    position: str
    results: list[Result]


class Tally:
    """What became of the cases of one request, counted in one pass."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self._cases = cases
        self.refused: list[Case] = []
        self.highest = self.duplicate = self.conflict = 0
        highest = 0
        for case in cases:
            verdict = case.verdict
            if verdict is None or not verdict.row:
                self.refused.append(case)
                continue
            highest = max(highest, verdict.row)
            if verdict.duplicate:
                self.duplicate += 1
                self.conflict += verdict.conflict
        self.highest = highest
        self.accepted = len(cases) - len(self.refused) - self.duplicate

    def count(self) -> None:
        """Adds to the metrics."""
        metrics.accepted.inc(self.accepted)
        metrics.duplicates.inc(self.duplicate)
        metrics.conflicts.inc(self.conflict)
        for case in self.refused:
            metrics.rejected.labels((case.fault or IDENTITY_TAKEN).code).inc()

    def summary(self, log_no: int, last: int, *, all_results: bool) -> Summary:
        """The answer; its position is `last` when the log holds nothing named: none ever goes back."""
        results: list[Result] = []
        if all_results or self.accepted < len(self._cases):
            results = [
                result_of(index, case, log_no)
                for index, case in enumerate(self._cases)
                if all_results or not is_new(case)
            ]
        position = format_position(self.highest or last, log_no)
        return Summary(self.accepted, self.duplicate, len(self.refused), position, results)


def result_of(index: int, case: Case, log_no: int) -> Result:
    """What is told of one event."""
    verdict: Verdict | None = case.verdict
    if verdict is None or not verdict.row:
        fault = case.fault or IDENTITY_TAKEN
        return Rejected(index, case.event_id, "rejected", fault.code, fault.detail, fault.pointer)
    position = format_position(verdict.row, log_no)
    if verdict.duplicate:
        return Duplicate(index, case.event_id, "duplicate", verdict.conflict, position)
    return Accepted(index, case.event_id, "accepted", position)


def is_new(case: Case) -> bool:
    """Whether the log stored it now."""
    return case.verdict is not None and case.verdict.row > 0 and not case.verdict.duplicate
