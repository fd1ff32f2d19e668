"""Promises and their stages: budget against actual, and where lateness comes from."""

from __future__ import annotations

from domain.measures import CATALOGUE
from grafana.boards.lists import MISSED, late_promises
from grafana.columns import columns
from grafana.dashboard import Board
from grafana.panels import bargauge, heading, heatmap, table
from grafana.scope import Scope
from grafana.sections import cards, courses, of_areas, owners, ranking, states, tiles, told
from grafana.sqltext import sql
from grafana.texts import Texts
from grafana.theme import Json, defaults
from grafana.variables import common

WHOLE = Scope(region=True, site=True, channel=True)
KEEP = ("region", "site", "channel")


def promises(texts: Texts) -> Board:
    """From how many are kept, over the stages that overrun, to the promises themselves."""
    own = of_areas("promises")
    panels = [
        *tiles(texts, own, WHOLE),
        *cards(texts, own, WHOLE),
        heading(texts("heading.stages")),
        lateness_by_stage(texts),
        window_use(texts),
        stages(texts),
        owners(texts, CATALOGUE["hidden_minutes"], WHOLE, keep=KEEP),
        owners(texts, CATALOGUE["rescue_minutes"], WHOLE, keep=KEEP),
        heading(texts("heading.fair")),
        ranking(texts, CATALOGUE["on_time"], WHOLE, keep=("channel",)),
        states(texts, CATALOGUE["on_time"], WHOLE),
        heading(texts("heading.course")),
        *courses(texts, own, WHOLE),
        late_promises(texts, WHOLE),
    ]
    return Board("promises", "area", panels, common(texts, WHOLE), since="now-14d", up=("chain",))


def stages(texts: Texts) -> Json:
    """Budget against actual, stage by stage."""
    names = (
        "stage", "department", "title", "n", "budget_s", "p50_s", "p90_s", "within_budget", "late_minutes",
    )  # fmt: skip
    return table(
        texts("panel.stages"),
        told(texts, "stages", "moments.stages"),
        sql(
            "stages",
            title=f"title_{texts.language}",
            from_=WHOLE.from_("stages"),
            where=WHOLE.tail(also=("facts.state IN ('kept', 'late')",)),
        ),
        defaults(texts, "count"),
        overrides=columns(texts, names),
        size=(24, 10),
    )


def lateness_by_stage(texts: Texts) -> Json:
    """A waterfall of minutes late."""
    return bargauge(
        texts("panel.lateness_by_stage"),
        told(texts, "lateness_by_stage", "moments.stages"),
        sql(
            "lateness_by_stage",
            title=f"title_{texts.language}",
            from_=WHOLE.from_("stages"),
            where=WHOLE.tail(also=(MISSED,)),
        ),
        defaults(texts, "minutes"),
        size=(12, 10),
    )


def window_use(texts: Texts) -> Json:
    """How much of their window promises use."""
    also = ("facts.state IN ('kept', 'late')", "facts.elapsed_s IS NOT NULL")
    return heatmap(
        texts("panel.window_use"),
        told(texts, "window_use", "moments.promises"),
        sql("window_use", from_=WHOLE.from_("promises"), where=WHOLE.tail(also=also)),
        defaults(texts, "count", displayName="${__field.labels.used}"),
        size=(12, 10),
    )
