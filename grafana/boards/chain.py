"""Head office and regions: where customers are lost, which sites differ for certain, who can help."""

from __future__ import annotations

from domain.measures import CATALOGUE
from grafana.boards.lists import late_promises, worst_visits
from grafana.dashboard import Board
from grafana.panels import heading
from grafana.scope import Scope
from grafana.sections import by_region, by_site, cards, courses, judged, owners, ranking, states, tiles
from grafana.texts import Texts
from grafana.variables import channel, common, data_source
from grafana.variables import region as region_variable

CHAIN = Scope(region=True, channel=True)
KEEP = ("channel",)

FIRST = ("on_time", "ves", "above_standard", "nps", "complaints_per_1000")
"""What a chain is asked about first; the others follow from the catalogue in their own order."""


def chain(texts: Texts) -> Board:
    """The whole chain: general first, then region by region and site by site."""
    every = list(CATALOGUE.values())
    first = [CATALOGUE[code] for code in FIRST]
    on_time, ves = CATALOGUE["on_time"], CATALOGUE["ves"]
    panels = [
        *tiles(texts, first, CHAIN),
        heading(texts("heading.where")),
        owners(texts, CATALOGUE["late_minutes"], CHAIN, keep=KEEP),
        owners(texts, CATALOGUE["debit_points"], CHAIN, keep=KEEP),
        by_region(texts, on_time, CHAIN, keep=KEEP),
        by_region(texts, ves, CHAIN, keep=KEEP),
        heading(texts("heading.fair")),
        ranking(texts, on_time, CHAIN, keep=KEEP),
        by_site(texts, ves, CHAIN, keep=KEEP),
        by_site(texts, CATALOGUE["complaints_per_1000"], CHAIN, keep=KEEP),
        states(texts, on_time, CHAIN),
        heading(texts("heading.course")),
        *courses(texts, first, CHAIN),
        *cards(texts, judged(every), CHAIN),
    ]
    return Board("chain", "chain", panels, common(texts, CHAIN), since="now-28d")


def region(texts: Texts) -> Board:
    """One region, its sites against each other and against the standard."""
    first = [CATALOGUE[code] for code in FIRST]
    on_time = CATALOGUE["on_time"]
    panels = [
        *tiles(texts, first, CHAIN),
        heading(texts("heading.fair")),
        ranking(texts, on_time, CHAIN, keep=KEEP),
        by_site(texts, CATALOGUE["ves"], CHAIN, keep=KEEP),
        owners(texts, CATALOGUE["late_minutes"], CHAIN, keep=KEEP),
        states(texts, on_time, CHAIN),
        *courses(texts, first, CHAIN),
        late_promises(texts, CHAIN),
        worst_visits(texts, CHAIN),
    ]
    variables = [data_source(), region_variable(texts, multi=False), channel(texts)]
    return Board("region", "region", panels, variables, since="now-14d", up=("chain",))
