"""How customers go through a restaurant or a store: one function a journey, moments as they happen."""

from collections.abc import Callable

from moments.simulate.day import Choice, Day
from moments.simulate.visit import Stage, Visit

_HOUR = 3_600_000
Journey = Callable[[Day], Visit]


def it_is_down(day: Day, at: int) -> bool:
    """The outage to be found: region west, from 11 to 16 on the Wednesday of every even week."""
    on = day.on
    return (
        day.site.region == "west"
        and on.weekday() == 2
        and on.isocalendar().week % 2 == 0
        and 11 * _HOUR <= at < 16 * _HOUR
    )


def dine_in(day: Day) -> Visit:
    """A table: breakfast in 15 minutes, lunch and dinner in 25, with kitchen and bar side by side."""
    visit = Visit(day, "dine_in", day.clock(8, 22, (9, 13, 19)), guests=1 + int(day.random.random() * 4))
    lunch = 12 * _HOUR <= visit.at < 15 * _HOUR
    breakfast = visit.at < 11 * _HOUR
    kitchen = day.site.kitchen_at_lunch if lunch else 1.0
    if day.chance(0.3):
        visit.moment("premises_impression", fault=0.03, cause="facilities")
    visit.wait(60)
    visit.moment("arrival_greeting")
    visit.wait(180)
    cook, window = (480, 900) if breakfast else (960, 1500)
    plan = [
        Stage("take_order", "front_of_house", 120),
        Stage("cook", "kitchen", cook, "make", kitchen),
        Stage("drinks", "bar", 300, "make", 1.15 if lunch else 0.9),
        Stage("serve", "front_of_house", 120),
        Stage("settle_bill", "accounting", 120, "", 1.4 if day.month_end else 1.0),
    ]
    down = it_is_down(day, visit.at)
    visit.promise(
        "preparation_time",
        "front_of_house",
        window - 180 if day.site.promises_short else window,
        plan,
        blocked=("settle_bill", "it", 150 + int(200 * day.random.random())) if down else None,
    )
    visit.moment("product_quality", fault=0.03 * kitchen, cause="kitchen" if kitchen > 1.2 else "")
    visit.wait(420)
    if day.chance(0.5):
        visit.moment("check_back")
    visit.wait(900)
    visit.moment("billing", fault=0.5 if down else 0.02, cause="it" if down else "", maker="human")
    if day.chance(0.2):
        amount = f'{{"amount":"{day.site.price // 5}.00","currency":"{day.site.currency}"}}'
        visit.write(
            "tip.left",
            "till",
            f'"amount":{amount},"bill":{amount.replace(f"{day.site.price // 5}.", f"{day.site.price * 2}.")}',
        )
    visit.wait(60)
    visit.moment("farewell")
    visit.leave(3)
    return visit


_COUNTERS = Choice(takeaway=4, kiosk=3, drive_thru=2, app=2)


def counter(day: Day) -> Visit:
    """Food to take along, ordered at the counter, a kiosk, the lane or in the app: seven minutes."""
    channel = _COUNTERS(day.random)
    visit = Visit(day, channel, day.clock(8, 22, (9, 13, 18)))
    lunch = 12 * _HOUR <= visit.at < 15 * _HOUR
    down = it_is_down(day, visit.at)
    visit.wait(50)
    if channel in {"kiosk", "app"}:
        visit.moment("self_service_session", fault=0.6 if down else 0.05, cause="it", maker="system")
    else:
        visit.moment("order_taking")
    visit.moment("payment", fault=0.4 if down else 0.01, cause="it" if down else "", maker="system")
    kitchen = day.site.kitchen_at_lunch if lunch else 0.95
    visit.promise(
        "preparation_time",
        "front_of_house",
        420,
        [
            Stage("cook", "kitchen", 300, "", kitchen),
            Stage("pack", "front_of_house", 60),
            Stage("hand_over", "front_of_house", 45),
        ],
    )
    visit.moment("order_accuracy", fault=0.03)
    visit.leave(2)
    return visit


_DELIVERED = Choice(delivery_own=5, delivery_aggregator=4)


def delivery(day: Day) -> Visit:
    """A delivery within 50 minutes: an own courier is logistics, an aggregator's is external."""
    channel = _DELIVERED(day.random)
    own = channel == "delivery_own"
    visit = Visit(day, channel, day.clock(10, 22, (13, 19, 20)))
    down = it_is_down(day, visit.at)
    visit.moment(
        "online_order_placed", fault=0.5 if down else 0.02, cause="it" if down else "", maker="system"
    )
    visit.wait(20)
    lunch = 12 * _HOUR <= visit.at < 15 * _HOUR
    courier = Stage("drive", "logistics" if own else "external", 1380, "", day.site.courier)
    visit.promise(
        "delivery_promise",
        "contact_l1",
        2100 if day.site.promises_short else 3000,
        [
            Stage("accept", "contact_l1", 180),
            Stage("cook", "kitchen", 960, "", day.site.kitchen_at_lunch if lunch else 1.0),
            Stage("pack", "front_of_house", 180),
            courier,
        ],
        blocked=("accept", "it", 400) if down and day.chance(0.5) else None,
    )
    if day.chance(0.5):
        visit.moment("courier_handover", cause="logistics" if own else "")
    visit.moment("product_quality", fault=0.05)
    visit.leave(3)
    return visit


_TILLS = Choice(in_store=7, self_checkout=4)


def shopping(day: Day) -> Visit:
    """A walk through the store: advice, the shelf, the queue, the till."""
    channel = _TILLS(day.random)
    visit = Visit(day, channel, day.clock(8, 22, (12, 18)), segment="regular" if day.chance(0.3) else "")
    if day.chance(0.2):
        visit.moment("premises_impression", fault=0.02)
    visit.wait(300)
    if day.chance(0.25):
        visit.moment("consultation", fault=0.05)
    visit.wait(200)
    short_of_stock = min(0.6, 0.06 * day.site.stock_faults)
    visit.moment(
        "availability", fault=short_of_stock, cause="purchasing" if day.site.stock_faults > 1 else ""
    )
    visit.wait(200)
    visit.moment("goods_quality", fault=0.03)
    peak = 17 * _HOUR <= visit.at < 20 * _HOUR
    visit.wait(240 if peak else 60)
    visit.moment("queue_wait", fault=0.18 if peak else 0.03)
    down = it_is_down(day, visit.at)
    visit.moment("payment", fault=0.5 if down else 0.02, cause="it" if down else "", maker="system")
    if day.chance(0.1):
        visit.moment("carry_out_help")
    visit.moment("farewell")
    visit.leave(4)
    return visit


_ONLINE = Choice(click_collect=5, web=3)


def collection(day: Day) -> Visit:
    """Ordered online, ready within the hour; the promise declares no stages: `budget.set` fills them."""
    channel = _ONLINE(day.random)
    visit = Visit(day, channel, day.clock(9, 21, (11, 17)))
    visit.moment("online_order_placed", fault=0.02, maker="system")
    visit.wait(30)
    stock = day.chance(min(0.5, 0.05 * day.site.stock_faults))
    kept = visit.promise(
        "picking_time",
        "sales_floor",
        3600,
        [
            Stage("confirm", "it", 120),
            Stage("pick", "warehouse", 1800),
            Stage("pack", "logistics", 900),
            Stage("lay_out", "checkout", 600),
        ],
        declared=False,
        blocked=("pick", "purchasing", 1200) if stock else None,
    )
    visit.wait(1800)
    visit.moment("picking_time", fault=0.6 if kept.late_s else 0.0, promise_id=kept.promise_id)
    visit.leave(5)
    return visit


def corporate(day: Day) -> Visit:
    """A company's order: documents within eight hours, late from accounting at the end of the month."""
    visit = Visit(
        day, "corporate" if day.chance(0.6) else "email", day.clock(9, 13, (10, 11)), segment="company"
    )
    visit.moment("relationship_checkin")
    kept = visit.promise(
        "documents",
        "key_accounts",
        8 * 3600,
        [
            Stage("prepare", "key_accounts", 3600),
            Stage("invoice", "accounting", 4 * 3600, "", 2.1 if day.month_end else 1.0),
            Stage("sign", "site_management", 2 * 3600),
        ],
    )
    visit.moment("documents", fault=0.5 if kept.late_s else 0.02, promise_id=kept.promise_id)
    visit.leave(20)
    return visit


_CALLS = Choice(phone=5, messenger=3, social=2)


def question(day: Day) -> Visit:
    """A question that is not answered at once: called back within half an hour."""
    visit = Visit(day, _CALLS(day.random), day.clock(9, 20, (10, 18)))
    visit.wait(40)
    visit.moment("contact_answered", fault=0.06)
    if day.chance(0.5):
        visit.promise(
            "follow_up",
            "contact_l1",
            1800,
            [
                Stage("find_out", "contact_l2", 1200),
                Stage("call_back", "contact_l1", 480),
            ],
        )
    visit.leave(1)
    return visit


RESTAURANT: tuple[tuple[Journey, float], ...] = (
    (dine_in, 0.48),
    (counter, 0.76),
    (delivery, 0.97),
    (question, 1.0),
)
STORE: tuple[tuple[Journey, float], ...] = (
    (shopping, 0.66),
    (collection, 0.87),
    (corporate, 0.94),
    (question, 1.0),
)
