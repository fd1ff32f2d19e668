"""Moments, channels and departments that a chain registers stand on its boards under their own names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.dictionary import DEFAULT
from domain.times import format_rfc3339
from grafana.boards import BOARDS
from grafana.dashboard import dashboard
from grafana.texts import Texts
from tests.engines.grafana.conftest import NOW, Boards, asking, filled, panels_of
from tests.plugin import TimeRange

OWN = "sushi_cut"
WAY, WAY_TITLES = "sushi_bike", {"en": "Sushi bike", "uk": "Суші-велосипед", "ru": "Суши-велосипед"}
CREW, CREW_TITLES = "sushi_crew", {"en": "Sushi crew", "uk": "Сушисти", "ru": "Сушисты"}
AT = TimeRange(NOW - 8 * 3_600_000, NOW)
TITLES = {"en": "Cut of the sushi", "uk": "Нарізка суші", "ru": "Нарезка суши"}
HOUR_MS = 3_600_000


def line(type_: str, at: int, site: str | None = None, **data: object) -> str:
    event = {
        "specversion": "1.0",
        "id": f"{type_}-{at}",
        "source": "urn:test",
        "type": f"moments.{type_}",
        "time": format_rfc3339(at),
        "data": data,
    }
    return msgspec.json.encode(event | ({"siteid": site} if site else {})).decode()


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boards]:
    folder = Path(tmp_path_factory.mktemp("clickhouse"))
    store = filled(
        folder,
        [
            line(
                "site.registered",
                NOW - 9 * HOUR_MS,
                "s-1",
                region="north",
                kind="restaurant",
                name="S",
                timezone="Europe/Kyiv",
                business_day_start="05:00",
                currency="UAH",
            ),
            line(
                "moment.registered",
                NOW - 8 * HOUR_MS,
                code=OWN,
                title=TITLES,
                phase="make",
                ring="core",
                weight="1.5",
                split={"kitchen": "1"},
            ),
            line("channel.registered", NOW - 8 * HOUR_MS, code=WAY, title=WAY_TITLES),
            line(
                "department.registered",
                NOW - 8 * HOUR_MS,
                department=CREW,
                tier="provider",
                title=CREW_TITLES,
            ),
            line("visit.started", NOW - 4 * HOUR_MS, "s-1", visit_id="v-1", channel=WAY),
            line(
                "promise.made",
                NOW - 4 * HOUR_MS,
                "s-1",
                promise_id="p-1",
                visit_id="v-1",
                kind="preparation_time",
                made_by=CREW,
                window_s=36_000,
                stages=[{"stage": "cut", "department": CREW, "budget_s": 600}],
            ),
            line(
                "stage.completed",
                NOW - 3 * HOUR_MS - 60_000,
                "s-1",
                promise_id="p-1",
                stage="cut",
                department=CREW,
                actual_s=700,
            ),
            line(
                "moment.occurred",
                NOW - 3 * HOUR_MS,
                "s-1",
                visit_id="v-1",
                moment=OWN,
                outcome="failed",
            ),
        ],
    )
    with asking(store, folder) as found:
        yield found


def test_the_view_knows_its_ring_and_its_titles(own: Boards) -> None:
    rows = own.store.rows(
        "SELECT ring, phase, title_en, title_uk, title_ru FROM moments.moment_types WHERE code = 'sushi_cut'"
    )

    assert rows == [("core", "make", *TITLES.values())]
    ((count,),) = own.store.rows("SELECT count() FROM moments.moment_types")
    assert count == len(DEFAULT.moments) + 1


@pytest.mark.parametrize("language", ["en", "uk", "ru"])
def test_a_board_calls_it_by_its_title(own: Boards, language: str) -> None:
    texts = Texts(language)
    model = dashboard(BOARDS["providers"](texts), texts)
    (panel,) = [each for each in panels_of(model) if each["title"] == texts("panel.costly_moments")]
    target = panel["targets"][0]
    values = {"region": ["north"], "site": ["s-1"], "channel": [WAY]}

    _, _, found = own.ask(target["rawSql"], target["format"], TimeRange(NOW - 8 * HOUR_MS, NOW), values)

    shown = {name: column for name, _, column in found.fields}
    assert (shown["moment"], shown["moment_title"], shown["ring"]) == ([OWN], [TITLES[language]], ["core"])


def shown(
    own: Boards, slug: str, panel_key: str, language: str, values: dict[str, Any]
) -> dict[str, list[Any]]:
    texts = Texts(language)
    model = dashboard(BOARDS[slug](texts), texts)
    (panel,) = [each for each in panels_of(model) if each["title"] == texts(f"panel.{panel_key}")]
    (target,) = panel["targets"]
    _, _, found = own.ask(target["rawSql"], target["format"], AT, values)
    return {name: column for name, _, column in found.fields}


@pytest.mark.parametrize("language", ["en", "uk", "ru"])
def test_its_channel_and_its_departments_have_their_titles_too(own: Boards, language: str) -> None:
    here = {"site": ["s-1"], "promise": "p-1", "visit": "v-1", "channel": [WAY]}
    texts = Texts(language)
    (choice,) = [each for each in BOARDS["site"](texts).variables if each["name"] == "channel"]

    _, _, options = own.ask(choice["query"]["rawSql"], 1, AT, {})
    assert (options.column("value"), options.column("text")) == ([WAY], [WAY_TITLES[language]])
    promise = shown(own, "promise", "promise", language, here)
    assert promise["channel_title"] == [WAY_TITLES[language]]
    assert promise["made_by_title"] == [CREW_TITLES[language]]
    assert shown(own, "visit", "visit", language, here)["channel_title"] == [WAY_TITLES[language]]
    assert shown(own, "visit", "visit_promises", language, here)["made_by_title"] == [CREW_TITLES[language]]
    assert shown(own, "site", "at_risk", language, here)["made_by_title"] == [CREW_TITLES[language]]
    assert (
        CREW_TITLES[language] in shown(own, "promise", "promise_events", language, here)["department_title"]
    )
