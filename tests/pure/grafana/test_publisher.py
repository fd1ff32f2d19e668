"""Publishing against a Grafana that answers as Grafana 13 documents: refusals first, then once, twice, and
after
changes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from grafana.build import dashboards
from grafana.publisher.port import Grafana, GrafanaRefused
from grafana.publisher.push import push
from grafana.publisher.wanted import HEAD_OFFICE, Wanted, annotation, deployment, of_region, wanted
from grafana.rules import faults_of
from tests.grafana_standin import TOKEN, State, grafana

MODELS = {slug: model for language, slug, model in dashboards() if language == "en"}
SITES = [
    {"site": "msk-01", "region": "north"},
    {"site": "kyv-01", "region": "west"},
    {"site": "x", "region": "l'Est"},
]
DECISION = {
    "source": "/head-office",
    "id": "d-1",
    "type": "moments.moment_weight.set",
    "time": "2026-11-02T08:30:00Z",
    "site": None,
    "data": {"moment": "queue_wait", "weight": 2, "valid_from": "2026-11-03"},
}


@pytest.fixture
def there() -> Iterator[tuple[Grafana, State]]:
    with grafana() as (url, state):
        yield Grafana(url, TOKEN), state
        assert state.faults == [], "no call may be made that Grafana refuses"


def goal() -> Wanted:
    return wanted(copy.deepcopy(MODELS), "en", SITES, [DECISION])


def pushed(port: Grafana, aim: Wanted, *, dry_run: bool = False) -> list[str]:
    lines: list[str] = []
    push(port, aim, dry_run=dry_run, tell=lines.append)
    return lines


def test_a_wrong_token_is_told_without_the_token() -> None:
    with grafana() as (url, _), pytest.raises(GrafanaRefused) as refused:
        pushed(Grafana(url, "glsa_wrong"), goal())
    assert "glsa_wrong" not in str(refused.value)
    assert "Unauthorized" in str(refused.value)


def test_a_grafana_that_is_away_or_out_of_order_is_one_kind_of_error() -> None:
    with pytest.raises(GrafanaRefused, match=r"127\.0\.0\.1"):
        pushed(Grafana("http://127.0.0.1:9", TOKEN), goal())
    with grafana() as (url, state):
        state.broken = 502
        with pytest.raises(GrafanaRefused, match="502"):
            pushed(Grafana(url, TOKEN), goal())


def test_a_dry_run_shows_everything_and_changes_nothing(there: tuple[Grafana, State]) -> None:
    port, state = there

    lines = pushed(port, goal(), dry_run=True)

    assert state.writes == []
    assert "would create team Moments head office" in lines
    assert "would create board Chain (moments-chain-en)" in lines
    assert "would create folder Moments: north" in lines
    assert any(line.startswith("would annotate moment_weight.set queue_wait (chain)") for line in lines)


def test_everything_is_there_after_one_push_and_a_second_does_nothing(there: tuple[Grafana, State]) -> None:
    port, state = there

    pushed(port, goal())

    assert set(state.boards) >= {f"moments-{slug}-en" for slug in MODELS}
    assert {folder["title"] for folder in state.folders.values()} >= {
        "Moments: north",
        "Moments: west",
        "Moments: l'Est",
    }
    assert state.boards["moments-chain-en"]["meta"]["folderUid"] == "moments-management-en"
    writes = len(state.writes)
    assert pushed(port, goal()) == []
    assert len(state.writes) == writes


def test_a_folder_is_seen_by_its_team_and_head_office_only(there: tuple[Grafana, State]) -> None:
    port, state = there
    pushed(port, goal())

    ids = {team["name"]: team["id"] for team in state.teams}
    granted = {
        (item.get("teamId"), item["permission"])
        for item in state.permissions["moments-region-north-en"]
        if not item["inherited"]
    }
    assert granted == {(ids[HEAD_OFFICE], 2), (ids["Moments region north"], 1)}
    assert not any(
        item.get("role") in {"Viewer", "Editor"} for item in state.permissions["moments-region-north-en"]
    )


def test_a_push_mends_what_somebody_changed_by_hand(there: tuple[Grafana, State]) -> None:
    port, state = there
    pushed(port, goal())
    state.boards["moments-site-en"]["dashboard"]["panels"][0]["title"] = "Mine"
    state.folders["moments-providers-en"]["title"] = "Mine"
    state.permissions["moments-providers-en"].append({"role": "Viewer", "permission": 1, "inherited": False})

    shown = pushed(port, goal(), dry_run=True)
    assert any(line.strip().startswith("-") and '"Mine"' in line for line in shown), "the diff is shown"
    pushed(port, goal())

    assert state.boards["moments-site-en"]["dashboard"]["panels"][0]["title"] != "Mine"
    assert pushed(port, goal()) == []


def test_what_is_not_ours_is_left_alone(there: tuple[Grafana, State]) -> None:
    port, state = there
    state.boards["theirs"] = {"dashboard": {"uid": "theirs", "version": 1}, "meta": {"folderUid": "theirs"}}
    pushed(port, goal())

    assert state.boards["theirs"]["dashboard"] == {"uid": "theirs", "version": 1}


def test_a_decision_is_annotated_once_at_its_own_time(there: tuple[Grafana, State]) -> None:
    port, state = there
    pushed(port, goal())
    pushed(port, goal())

    (found,) = state.annotations
    assert found["time"] == 1793608200000
    assert {"moments", "decision", "weight"} <= set(found["tags"])
    assert found["text"] == "moment_weight.set queue_wait (chain), valid from 2026-11-03"


def test_a_deployment_is_annotated_once_per_state_of_the_boards(there: tuple[Grafana, State]) -> None:
    port, state = there
    first, again = deployment(MODELS, 1), deployment(MODELS, 2)
    changed = deployment({**MODELS, "chain": {}}, 3)
    for each in (first, again, changed):
        pushed(port, Wanted((), (), (), [each]))

    assert [each["time"] for each in state.annotations] == [1, 3]


@pytest.mark.parametrize("slug", ["region", "site"])
def test_a_region_s_own_board_offers_its_own_sites_only(slug: str) -> None:
    own = of_region(MODELS[slug], slug, "l'Est", "en")

    queries: list[Any] = [
        v["query"]["rawSql"] for v in own["templating"]["list"] if v["name"] in {"region", "site"}
    ]
    assert all("region = 'l\\'Est'" in text for text in queries)
    assert queries
    assert len(own["uid"]) <= 40
    assert own["uid"] != MODELS[slug]["uid"]
    assert faults_of(own) == []


def test_annotations_of_one_identity_have_one_mark() -> None:
    assert annotation(DECISION).mark == annotation({**DECISION, "time": "2026-11-02T11:30:00+03:00"}).mark
    assert annotation(DECISION).mark != annotation({**DECISION, "id": "d-2"}).mark
