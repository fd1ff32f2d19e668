"""What a visit leaves behind: surveys, complaints, reviews, failures and how they were put right."""

from moments.simulate.day import Choice
from moments.simulate.visit import Visit

_MINUTE = 60_000
_COMPLAINTS = Choice(late=5, quality=4, missing_item=3, rudeness=1)
_SMILES = Choice(nps=6, csat=3, ces=1)


def live_on(visit: Visit) -> None:
    """Everything that comes after the visit, each in its own time."""
    hurt = visit.troubles + (2 if visit.late_s > 600 else 1 if visit.late_s > 120 else 0)
    if hurt and visit.day.chance(0.10 * hurt):
        hurt = _failure(visit, hurt)
    if visit.day.chance(0.16):
        _survey(visit, hurt)
    if visit.day.chance(0.015 + 0.02 * hurt):
        stars = max(1, 5 - hurt - visit.day.random.getrandbits(1))
        visit.at += 95 * _MINUTE
        visit.write("review.posted", "maps", f'"source":"maps","stars":{stars}')


def _survey(visit: Visit, hurt: int) -> None:
    visit.at += 40 * _MINUTE + visit.day.random.getrandbits(20)
    draw = visit.day.random.random()
    instrument = _SMILES(visit.day.random)
    if instrument == "nps":
        score = max(0, min(10, int(10.4 - 2.2 * hurt + min(1, visit.wows) - 2.6 * draw)))
    elif instrument == "csat":
        score = max(1, min(5, int(5.6 - 1.2 * hurt - 1.4 * draw)))
    else:
        score = max(1, min(7, int(7.6 - 1.5 * hurt - 1.8 * draw)))
    visit.write("feedback.given", "survey", f'"instrument":"{instrument}","score":{score}')


def _failure(visit: Visit, hurt: int) -> int:
    """A failure, owned and (at some sites more often) put right; returns what is left of the hurt."""
    day = visit.day
    visit.at += 6 * _MINUTE
    case_id = day.mint(visit.at)
    case = f'"case_id":"{case_id}"'
    kind = _COMPLAINTS(day.random)
    by_staff = day.chance(0.4)
    visit.write(
        "failure.reported",
        "desk",
        f'{case},"kind":"{kind}","detected_by":"{"staff" if by_staff else "customer"}"',
    )
    if not by_staff:
        visit.write("complaint.made", "desk", f'{case},"kind":"{kind}"')
        visit.moment("problem_report", fault=0.1)
    visit.wait(240)
    _of_case(visit, "recovery.owned", f'{case},"owner":"duty_manager"')
    visit.wait(420)
    _of_case(visit, "recovery.offered", f'{case},"kind":"{"refund" if day.chance(0.3) else "remake"}"')
    if not day.chance(day.site.recovers):
        visit.moment("recovery", fault=0.8)
        return hurt + 1
    visit.wait(180)
    _of_case(visit, "recovery.accepted", case)
    visit.wait(900)
    _of_case(visit, "recovery.completed", case)
    visit.moment("recovery")
    if day.chance(0.3):
        amount = f'"amount":{{"amount":"{day.site.price}.00","currency":"{day.site.currency}"}}'
        _of_case(visit, "refund.requested", f"{case},{amount}")
        visit.at += (20 + 1000 * day.month_end) * _MINUTE
        _of_case(visit, "refund.paid", f"{case},{amount}", source="accounting")
    return max(0, hurt - 2)


def _of_case(visit: Visit, type_: str, data: str, source: str = "desk") -> None:
    """An event that names its case only: the visit is found through `failure.reported`."""
    visit.day.write(visit.at, type_, source, data)
