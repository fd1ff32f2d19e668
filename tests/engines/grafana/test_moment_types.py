"""Moments that a chain registers itself stand on its boards under their own names and rings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from domain.dictionary import DEFAULT
from domain.times import format_rfc3339
from grafana.boards import BOARDS
from grafana.dashboard import dashboard
from grafana.texts import Texts
from tests.engines.grafana.conftest import NOW, Boards, filled, panels_of
from tests.plugin import TimeRange

OWN = "sushi_cut"
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
    store = filled(
        Path(tmp_path_factory.mktemp("clickhouse")),
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
    yield Boards(store)
    store.close()


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
    values = {"region": ["north"], "site": ["s-1"], "channel": ["-"]}

    _, _, found = own.ask(target["rawSql"], target["format"], TimeRange(NOW - 8 * HOUR_MS, NOW), values)

    shown = {name: column for name, _, column in found.fields}
    assert (shown["moment"], shown["moment_title"], shown["ring"]) == ([OWN], [TITLES[language]], ["core"])
