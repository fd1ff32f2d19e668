"""What a Grafana should hold: folders by part of the pyramid and by region, boards, teams, who sees what,
and the
decisions as annotations. A pure value from the site registry and the built boards."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from domain.times import parse_rfc3339
from grafana.links import LONGEST_UID, PREFIX, uid_of
from grafana.publisher.port import EDIT, VIEW, Json
from grafana.texts import Texts

HEAD_OFFICE = "Moments head office"

TIER_OF = {
    "chain": "management",
    "management": "management",
    "data-health": "management",
    "region": "management",
    "site": "providers",
    "providers": "providers",
    "recovery-voice": "providers",
    "visit": "providers",
    "support": "support",
    "promises": "support",
    "promise": "support",
}
"""The folder of a board: the part of the pyramid that opens it first."""

REGIONAL = ("region", "site")
"""Boards of which each region has its own, fixed to it, in a folder that only its team sees."""

DECISIONS = {
    "moments.moment_weight.set": "weight",
    "moments.split.set": "split",
    "moments.budget.set": "budget",
    "moments.site.registered": "site",
    "moments.site.changed": "site",
    "moments.site.closed": "site",
}
"""Event types that become annotations, with the tag that says what was decided."""


@dataclass(frozen=True)
class Folder:
    """A folder and which teams may view it; head office may edit every one."""

    uid: str
    title: str
    viewers: tuple[str, ...]


@dataclass(frozen=True)
class Annotation:
    """A decision at its own time; `mark` is a tag of its own, by which it is found again."""

    time_ms: int
    text: str
    tags: tuple[str, ...]
    mark: str


@dataclass(frozen=True)
class Wanted:
    """Everything that publishing sees to; what else a Grafana holds is left alone."""

    folders: Sequence[Folder]
    teams: Sequence[str]
    boards: Sequence[tuple[str, Json]]
    annotations: Sequence[Annotation] = field(default=())


def wanted(
    models: Mapping[str, Json],
    language: str,
    sites: Iterable[Mapping[str, Any]],
    decisions: Iterable[Json] = (),
) -> Wanted:
    """From the boards of one language by slug, the sites of the registry, and decision events."""
    regions = sorted({str(site["region"]) for site in sites})
    tiers = sorted(set(TIER_OF.values()))
    region_teams = {region: f"Moments region {region}" for region in regions}
    tier_teams = {tier: f"Moments {tier}" for tier in tiers}
    texts = Texts(language)
    folders = [
        Folder(_uid(tier, language), f"Moments: {texts('board.' + tier)}", (tier_teams[tier],))
        for tier in ("providers", "support", "management")
    ]
    folders += [
        Folder(_uid(f"region-{region}", language), f"Moments: {region}", (team,))
        for region, team in region_teams.items()
    ]
    boards = [(_uid(TIER_OF[slug], language), model) for slug, model in models.items()]
    boards += [
        (_uid(f"region-{region}", language), of_region(models[slug], slug, region, language))
        for region in regions
        for slug in REGIONAL
    ]
    teams = [HEAD_OFFICE, *tier_teams.values(), *region_teams.values()]
    return Wanted(folders, teams, boards, [annotation(event) for event in decisions])


def of_region(model: Json, slug: str, region: str, language: str) -> Json:
    """A region's own copy of a board: the same panels, its choice of sites narrowed to the region.

    It narrows what is offered, not what may be asked: see docs/boards.md on restriction.
    """
    own = copy.deepcopy(model)
    own["uid"] = _uid(f"{slug}-{region}", language)
    own["title"] = f"{model['title']}: {region}"
    quoted = region.replace("\\", "\\\\").replace("'", "\\'")
    for variable in own["templating"]["list"]:
        if variable["name"] in {"region", "site"}:
            text = variable["query"]["rawSql"]
            where = f"site_id IN (SELECT site_id FROM moments.sites WHERE region = '{quoted}')"
            if variable["name"] == "region":
                where = f"region = '{quoted}'"
            head, order = re.split(r"\n?(?=GROUP BY|ORDER BY)", text, maxsplit=1)
            narrowed = f"{head.rstrip()}\nWHERE {where}\n{order}"
            variable["query"]["rawSql"] = variable["definition"] = narrowed
    own["tags"] = [tag for tag in own["tags"] if tag != f"{PREFIX}:{language}"] + [f"region:{region}"]
    return own


def annotation(event: Json) -> Annotation:
    """A decision, as a row of /v1/events, as a line on every board."""
    kind = DECISIONS[event["type"]]
    data = event["data"]
    about = data.get("moment") or data.get("name") or data.get("kind") or ""
    scope = event.get("site") or "chain"
    text = f"{event['type'].removeprefix('moments.')} {about} ({scope})"
    if "valid_from" in data:
        text += f", valid from {data['valid_from']}"
    identity = f"{event['source']} {event['id']}"
    mark = f"decision:{sha256(identity.encode()).hexdigest()[:16]}"
    return Annotation(parse_rfc3339(event["time"]), text, (PREFIX, "decision", kind), mark)


def deployment(models: Mapping[str, Json], now_ms: int) -> Annotation:
    """Boards changed: one line per state of the boards, however often it is pushed."""
    digest = sha256(repr(sorted(models.items())).encode()).hexdigest()[:16]
    return Annotation(now_ms, "boards published", (PREFIX, "decision", "deployment"), f"boards:{digest}")


def permissions(folder: Folder, ids: Mapping[str, int]) -> list[Json]:
    """The whole list of a folder: neither Viewer nor Editor role, so that nobody else sees it."""
    items: list[Json] = [{"teamId": ids[HEAD_OFFICE], "permission": EDIT}]
    return [*items, *({"teamId": ids[team], "permission": VIEW} for team in folder.viewers)]


def _uid(name: str, language: str) -> str:
    """A uid for a name that may hold anything; one that does not fit ends in a digest of it."""
    plain = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")
    whole = f"{PREFIX}-{plain}-{language}"
    if plain == name and len(whole) <= LONGEST_UID:
        return uid_of(plain, language)
    digest = sha256(name.encode()).hexdigest()[:8]
    return f"{PREFIX}-{plain[:16].rstrip('-')}-{digest}-{language}"
