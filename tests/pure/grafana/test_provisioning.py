"""Provisioning files: read by another YAML reader, they are what Grafana documents."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from domain.dictionary import LANGUAGES
from grafana.alerts import SOURCE_UID, groups
from grafana.build import HERE
from grafana.panels import PLUGIN
from grafana.provisioning import contact_points, data_sources, installation, policies, providers
from grafana.yamltext import yaml_of


def read(name: str) -> Any:
    return yaml.safe_load((HERE / "provisioning" / name).read_text(encoding="utf-8"))


def test_what_is_written_is_read_back_by_another_reader() -> None:
    """YAML written by hand that reads differently is a data source that silently has another setting."""
    regions = installation()["regions"]
    assert read("alerting/rules.yaml") == {"apiVersion": 1, "groups": groups()}
    assert read("datasources/moments.yaml") == data_sources()
    assert read("dashboards/moments.yaml") == providers()
    assert read("alerting/policies.yaml") == policies(regions)
    assert read("alerting/contact-points.yaml") == contact_points(regions, installation()["head_office"])


@pytest.mark.parametrize(
    "data",
    [
        {"a": [], "b": {}, "c": None, "d": True, "e": 1.5, "f": "a: b # c"},
        {"a": [[1, [2, "x"]], {"b": "multi\n  line\n\nend", "c": ["- x", "'q'"]}]},
        [{"a": {"b": [{"c": "$__toTime"}]}}, "no", "1"],
    ],
)
def test_the_writer_of_yaml(data: Any) -> None:
    assert yaml.safe_load(yaml_of(data, comment="two\nlines")) == data


def test_the_data_source_is_quoted_and_read_only() -> None:
    """The plugin panics on a number where it wants a text; a source that may be edited drifts from the
    file."""
    (source,) = data_sources()["datasources"]
    assert (source["uid"], source["type"], source["editable"]) == (SOURCE_UID, PLUGIN, False)
    assert all(isinstance(source["jsonData"][name], str) for name in ("host", "username", "defaultDatabase"))
    assert "password" not in source["jsonData"]
    assert source["secureJsonData"]["password"].startswith("${")
    assert isinstance(source["jsonData"]["port"], int)


def test_every_route_has_its_contact_point() -> None:
    """A route to a contact point that does not exist makes Grafana refuse the whole tree at its start."""
    regions = installation()["regions"]
    points = {point["name"] for point in contact_points(regions, "X")["contactPoints"]}
    (tree,) = policies(regions)["policies"]
    assert tree["receiver"] in points
    assert {route["receiver"] for route in tree["routes"]} <= points
    assert {route["object_matchers"][1][2] for route in tree["routes"]} == set(regions)


def test_uids_of_rules_and_receivers_are_short_and_unique() -> None:
    """Grafana refuses uids beyond 40 characters, and with one of them the whole file."""
    uids = [rule["uid"] for group in groups() for rule in group["rules"]]
    uids += [
        receiver["uid"]
        for point in contact_points(installation()["regions"], "X")["contactPoints"]
        for receiver in point["receivers"]
    ]
    assert len(set(uids)) == len(uids)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,40}", uid) for uid in uids)


def test_rules_have_every_step_and_state() -> None:
    """A rule without `condition`, or whose threshold reads another step, is accepted and never fires."""
    for group in groups():
        assert re.fullmatch(r"\d+[mh]", group["interval"])
        for rule in group["rules"]:
            a, b, c = rule["data"]
            assert [a["refId"], b["refId"], c["refId"], rule["condition"]] == ["A", "B", "C", "C"]
            assert (b["model"]["expression"], c["model"]["expression"]) == ("A", "B")
            assert {b["datasourceUid"], c["datasourceUid"]} == {"__expr__"}
            assert rule["noDataState"] in {"OK", "Alerting", "NoData"}
            assert rule["annotations"]["__panelId__"] == str(rule["panelId"])
            assert {"summary", "summary_uk", "summary_ru"} <= set(rule["annotations"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_alarms_speak_the_language_of_the_chain(language: str) -> None:
    """An alarm in a language that its reader lacks is closed unread; two rules of one name in a folder are
    refused."""
    found = [rule for group in groups(language) for rule in group["rules"]]
    others = set(LANGUAGES) - {language}
    for rule in found:
        for text in (rule["title"], rule["annotations"]["summary"]):
            assert bool(re.search("[а-яіїєґ]", text, re.IGNORECASE)) == (language != "en"), text
        assert {f"title_{other}" for other in others} <= set(rule["annotations"])
        assert {f"summary_{other}" for other in others} <= set(rule["annotations"])
        assert rule["dashboardUid"].endswith(f"-{language}")
    assert len({rule["title"] for rule in found}) == len(found)


def test_the_panel_behind_an_alarm_is_the_same_in_every_language() -> None:
    """A panel is looked up by its title: one that is not found would show the board's first instead."""
    by_language = [
        [rule["panelId"] for group in groups(each) for rule in group["rules"]] for each in LANGUAGES
    ]
    assert by_language[0] == by_language[1] == by_language[2]


def test_titles_and_labels_hold_no_dollar() -> None:
    """Grafana puts environment variables into titles and labels, and cuts what it takes for one; queries and
    annotations it leaves alone."""
    for group in groups():
        for rule in group["rules"]:
            assert "$" not in rule["title"] + "".join(rule["labels"].values()) + group["name"]
