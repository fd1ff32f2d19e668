"""Where to look first, and one sentence about the chain: asked of the API, never written down beforehand."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from moments.client import Platform
from moments.errors import CommandFailed

_WORTH_NAMING_MINUTES = 60.0


def where_to_look(url: str, read_key: str, from_: date, to: date) -> Iterator[str]:
    """Lines to paste into a terminal."""
    span = f"from={from_}&to={to}"
    yield ""
    yield "Where to look first (this key reads, and ends with this run):"
    yield f"  export MOMENTS_KEY={read_key}"
    for what, path in (
        ("whose are the late minutes", f"/v1/shares?measure=late_minutes&by=department&{span}"),
        ("promises kept, by site", f"/v1/kpis/on_time?grain=total&group_by=site&{span}"),
        ("promises missed, the worst first", f"/v1/promises?state=late&limit=5&{span}"),
        ("how it goes, by day", f"/v1/kpis/ves,nps?grain=day&{span}"),
    ):
        yield f'  curl -sH "Authorization: Bearer $MOMENTS_KEY" "{url}{path}"   # {what}'
    yield f"  {url}/docs"
    yield ""


def first_true_sentence(platform: Platform, from_: date, to: date) -> str:
    """Which department of which site stands out most among those who made customers wait; '' when nobody
    waited."""
    span: dict[str, Any] = {"from": str(from_), "to": str(to), "measure": "late_minutes", "by": "department"}
    try:
        chain = platform.ask("GET", "/v1/shares", params=span)
        sites = platform.ask("GET", "/v1/sites")
        shares = {
            site["site"]: platform.ask("GET", "/v1/shares", params={**span, "site": site["site"]})
            for site in sites.get("sites", sites.get("rows", []))
        }
    except CommandFailed as failed:
        return f"the first sentence could not be asked for: {failed}"
    return sentence(chain, shares)


def sentence(chain: dict[str, Any], shares: dict[str, dict[str, Any]]) -> str:
    """The site and department whose share exceeds the department's share of the whole chain the most.

    `chain` and the values of `shares` are answers of /v1/shares in minutes. Sites with less than an hour of
    lateness are left out, and so are owners that are nobody's (`unmeasured`).
    """
    everywhere = {row["department"]: row["share_bp"] for row in chain["rows"]}
    candidates = [
        (row["share_bp"] - everywhere.get(row["department"], 0), site, row, answer["total"])
        for site, answer in shares.items()
        if answer["total"] >= _WORTH_NAMING_MINUTES
        for row in answer["rows"][:]
        if row["tier"] != "unassigned"
    ]
    if not candidates:
        return ""
    _, site, row, total = max(candidates, key=lambda candidate: (candidate[0], candidate[1]))
    department = row["department"]
    return (
        f"{department} owns {row['share_bp'] / 100:.0f} % of the {total:,.0f} late minutes in {site}; "
        f"in the whole chain it owns {everywhere.get(department, 0) / 100:.0f} % of {chain['total']:,.0f}"
    )
