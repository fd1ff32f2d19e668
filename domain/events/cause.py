"""Who owns a miss when no clock says so."""

from __future__ import annotations

from typing import ClassVar, Literal

from domain.errors import Fault
from domain.events.base import EventData
from domain.events.wire import DepartmentCode, Id, Split


class RootCauseAssigned(EventData, kw_only=True, frozen=True):
    """`moments.root_cause.assigned`: someone looked into a miss and named its owners.

    moment_id: the moment, or the event id of a moment without one. One of the three ids is required.
    promise_id: the promise.
    case_id: the service case.
    sphere: over_promise, process_or_team or lack_of_resources.
    split: department to share; the shares sum to exactly 1.
    """

    TYPE: ClassVar[str] = "moments.root_cause.assigned"

    sphere: Literal["over_promise", "process_or_team", "lack_of_resources"]
    split: Split
    moment_id: Id | None = None
    promise_id: Id | None = None

    def __post_init__(self) -> None:
        if self.moment_id is None and self.promise_id is None and self.case_id is None:
            raise Fault("invalid_data", "Needs moment_id, promise_id or case_id", "/moment_id")


class AttributionDisputed(EventData, kw_only=True, frozen=True):
    """`moments.attribution.disputed`: a department does not accept its share; changes no figure.

    promise_id: the promise. One of promise_id and moment_id is required.
    moment_id: the moment.
    department: who disputes.
    split: the shares it proposes, summing to exactly 1.
    """

    TYPE: ClassVar[str] = "moments.attribution.disputed"

    department: DepartmentCode
    promise_id: Id | None = None
    moment_id: Id | None = None
    split: Split | None = None

    def __post_init__(self) -> None:
        _check_target(self.promise_id, self.moment_id)


class AttributionResolved(EventData, kw_only=True, frozen=True):
    """`moments.attribution.resolved`: a dispute was settled; with a split it counts as a root cause.

    promise_id: the promise. One of promise_id and moment_id is required.
    moment_id: the moment.
    department: who had disputed.
    split: the shares agreed on, summing to exactly 1.
    """

    TYPE: ClassVar[str] = "moments.attribution.resolved"

    promise_id: Id | None = None
    moment_id: Id | None = None
    department: DepartmentCode | None = None
    split: Split | None = None

    def __post_init__(self) -> None:
        _check_target(self.promise_id, self.moment_id)


def _check_target(promise_id: str | None, moment_id: str | None) -> None:
    if promise_id is None and moment_id is None:
        raise Fault("invalid_data", "Needs promise_id or moment_id", "/promise_id")
