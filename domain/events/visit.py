"""Visits, orders and what happens around them."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from domain.events.base import EventData
from domain.events.wire import ChannelCode, Count, Id, Money, Text


class VisitStarted(EventData, kw_only=True, frozen=True):
    """`moments.visit.started`: a customer came, called or opened the app.

    visit_id: the visit, unique within the site.
    channel: how the customer came; the visit's channel.
    segment: the customer's segment at that time.
    guests: how many people came.
    acquisition: what brought the customer: ad, friend, review or walk_in.
    """

    TYPE: ClassVar[str] = "moments.visit.started"

    visit_id: Id
    channel: ChannelCode
    segment: Id | None = None
    guests: Count | None = None
    acquisition: Literal["ad", "friend", "review", "walk_in"] | None = None


class VisitEnded(EventData, kw_only=True, frozen=True):
    """`moments.visit.ended`: the customer left.

    visit_id: the visit.
    bill: what the customer paid, without the tip.
    tip: the tip.
    """

    TYPE: ClassVar[str] = "moments.visit.ended"

    visit_id: Id
    bill: Money | None = None
    tip: Money | None = None


class OrderPlaced(EventData, kw_only=True, frozen=True):
    """`moments.order.placed`: an order was taken.

    order_id: the order, unique within the site.
    visit_id: the visit.
    items: how many items, or a list of them; kept as sent.
    total: the order's total.
    """

    TYPE: ClassVar[str] = "moments.order.placed"

    order_id: Id
    visit_id: Id
    items: int | list[Any] | None = None
    total: Money | None = None


class OrderCorrected(EventData, kw_only=True, frozen=True):
    """`moments.order.corrected`: something on an order was wrong.

    order_id: the order.
    fault: missing, extra, wrong or damaged.
    detected_by: who noticed: staff, customer or mystery (a mystery visitor).
    """

    TYPE: ClassVar[str] = "moments.order.corrected"

    order_id: Id
    fault: Literal["missing", "extra", "wrong", "damaged"]
    detected_by: Literal["staff", "customer", "mystery"]


class WowDelivered(EventData, kw_only=True, frozen=True):
    """`moments.wow.delivered`: staff surprised the customer; the visit counts as one with a wow.

    visit_id: the visit.
    idea: a short code or name of what was done.
    """

    TYPE: ClassVar[str] = "moments.wow.delivered"

    visit_id: Id
    idea: Text


class CareGiven(EventData, kw_only=True, frozen=True):
    """`moments.care.given`: a small care beyond the order, such as a blanket or a high chair.

    kind: a short code of the care.
    """

    TYPE: ClassVar[str] = "moments.care.given"

    kind: Id


class GuestRecognised(EventData, kw_only=True, frozen=True):
    """`moments.guest.recognised`: a returning customer was recognised."""

    TYPE: ClassVar[str] = "moments.guest.recognised"


class GuestNeedNoted(EventData, kw_only=True, frozen=True):
    """`moments.guest_need.noted`: a customer has a need that staff must respect.

    need: a short code, such as child_first or diabetic.
    """

    TYPE: ClassVar[str] = "moments.guest_need.noted"

    need: Id


class TipLeft(EventData, kw_only=True, frozen=True):
    """`moments.tip.left`: the customer left a tip.

    amount: the tip.
    bill: the bill it was left on.
    """

    TYPE: ClassVar[str] = "moments.tip.left"

    amount: Money
    bill: Money
