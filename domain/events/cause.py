"""Who owns a miss when no clock says so."""

from __future__ import annotations

from typing import ClassVar, Literal

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
    ONE_OF: ClassVar[tuple[str, ...]] = ("moment_id", "promise_id", "case_id")

    sphere: Literal["over_promise", "process_or_team", "lack_of_resources"]
    split: Split
    moment_id: Id | None = None
    promise_id: Id | None = None

    def __post_init__(self) -> None:
        self.check_one_of()


class AttributionDisputed(EventData, kw_only=True, frozen=True):
    """`moments.attribution.disputed`: a department does not accept its share; changes no figure.

    promise_id: the promise. One of promise_id and moment_id is required.
    moment_id: the moment.
    department: who disputes.
    split: the shares it proposes, summing to exactly 1.
    """

    TYPE: ClassVar[str] = "moments.attribution.disputed"
    ONE_OF: ClassVar[tuple[str, ...]] = ("promise_id", "moment_id")

    department: DepartmentCode
    promise_id: Id | None = None
    moment_id: Id | None = None
    split: Split | None = None

    def __post_init__(self) -> None:
        self.check_one_of()


class AttributionResolved(EventData, kw_only=True, frozen=True):
    """`moments.attribution.resolved`: a dispute was settled; with a split it counts as a root cause.

    promise_id: the promise. One of promise_id and moment_id is required.
    moment_id: the moment.
    department: who had disputed.
    split: the shares agreed on, summing to exactly 1.
    """

    TYPE: ClassVar[str] = "moments.attribution.resolved"
    ONE_OF: ClassVar[tuple[str, ...]] = ("promise_id", "moment_id")

    promise_id: Id | None = None
    moment_id: Id | None = None
    department: DepartmentCode | None = None
    split: Split | None = None

    def __post_init__(self) -> None:
        self.check_one_of()
