"""Service cases: something failed and is put right."""

from __future__ import annotations

from typing import ClassVar, Literal

from domain.events.base import EventData
from domain.events.wire import EmployeeRef, Id, Money


class FailureReported(EventData, kw_only=True, frozen=True):
    """`moments.failure.reported`: a failure became known and a case begins.

    case_id: the case, unique within the site.
    kind: a short code of what failed.
    detected_by: who noticed: staff or customer.
    visit_id: the visit the case is about; its earliest report with one decides.
    """

    TYPE: ClassVar[str] = "moments.failure.reported"

    case_id: Id
    kind: Id
    detected_by: Literal["staff", "customer"]


class RecoveryOwned(EventData, kw_only=True, frozen=True):
    """`moments.recovery.owned`: somebody took the case.

    case_id: the case.
    owner: pseudonym of who owns it now.
    """

    TYPE: ClassVar[str] = "moments.recovery.owned"

    case_id: Id
    owner: EmployeeRef


class RecoveryHandedOver(EventData, kw_only=True, frozen=True):
    """`moments.recovery.handed_over`: the case changed hands.

    case_id: the case.
    owner: pseudonym of who owned it.
    to: pseudonym of who owns it now.
    """

    TYPE: ClassVar[str] = "moments.recovery.handed_over"

    case_id: Id
    owner: EmployeeRef
    to: EmployeeRef | None = None


class _Recovery(EventData, kw_only=True, frozen=True):
    case_id: Id
    kind: Id | None = None
    value: Money | None = None


class RecoveryOffered(_Recovery, kw_only=True, frozen=True):
    """`moments.recovery.offered`: the customer was offered a remedy.

    case_id: the case.
    kind: a short code of the remedy.
    value: what it is worth.
    """

    TYPE: ClassVar[str] = "moments.recovery.offered"


class RecoveryAccepted(_Recovery, kw_only=True, frozen=True):
    """`moments.recovery.accepted`: the customer accepted.

    case_id: the case.
    kind: a short code of the remedy.
    value: what it is worth.
    """

    TYPE: ClassVar[str] = "moments.recovery.accepted"


class RecoveryCompleted(_Recovery, kw_only=True, frozen=True):
    """`moments.recovery.completed`: the remedy was delivered.

    case_id: the case.
    kind: a short code of the remedy.
    value: what it was worth.
    """

    TYPE: ClassVar[str] = "moments.recovery.completed"


class RecoveryReopened(_Recovery, kw_only=True, frozen=True):
    """`moments.recovery.reopened`: the customer was not satisfied after all.

    case_id: the case.
    kind: a short code of why.
    value: what the remedy was worth.
    """

    TYPE: ClassVar[str] = "moments.recovery.reopened"


class RecoveryEscalated(_Recovery, kw_only=True, frozen=True):
    """`moments.recovery.escalated`: the case went to a higher level.

    case_id: the case.
    kind: a short code of why.
    value: what the remedy is worth.
    """

    TYPE: ClassVar[str] = "moments.recovery.escalated"


class FollowUpMade(EventData, kw_only=True, frozen=True):
    """`moments.follow_up.made`: somebody asked the customer afterwards.

    case_id: the case. One of case_id and visit_id is required.
    visit_id: the visit.
    kind: after_recovery or after_sale.
    satisfied: whether the customer is satisfied.
    """

    TYPE: ClassVar[str] = "moments.follow_up.made"
    ONE_OF: ClassVar[tuple[str, ...]] = ("case_id", "visit_id")

    kind: Literal["after_recovery", "after_sale"]
    satisfied: bool | None = None

    def __post_init__(self) -> None:
        self.check_one_of()


class RefundRequested(EventData, kw_only=True, frozen=True):
    """`moments.refund.requested`: the customer wants money back.

    case_id: the case.
    amount: how much.
    """

    TYPE: ClassVar[str] = "moments.refund.requested"

    case_id: Id
    amount: Money


class RefundPaid(EventData, kw_only=True, frozen=True):
    """`moments.refund.paid`: the customer got money back; an outcome shared out over the departments.

    case_id: the case.
    amount: how much.
    """

    TYPE: ClassVar[str] = "moments.refund.paid"

    case_id: Id
    amount: Money


class CustomerErrorNoted(EventData, kw_only=True, frozen=True):
    """`moments.customer_error.noted`: the customer, not the site, was mistaken.

    visit_id: the visit.
    kind: a short code of the mistake.
    dignity_kept: whether the customer kept face.
    retained: whether the customer stayed.
    """

    TYPE: ClassVar[str] = "moments.customer_error.noted"

    visit_id: Id
    kind: Id
    dignity_kept: bool | None = None
    retained: bool | None = None


class CustomerErrorHandled(EventData, kw_only=True, frozen=True):
    """`moments.customer_error.handled`: the mistake was put right.

    visit_id: the visit.
    kind: a short code of the mistake.
    dignity_kept: whether the customer kept face.
    retained: whether the customer stayed.
    """

    TYPE: ClassVar[str] = "moments.customer_error.handled"

    visit_id: Id
    kind: Id
    dignity_kept: bool
    retained: bool | None = None
