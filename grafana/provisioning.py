"""Files that Grafana reads at its start: data source, dashboards, alert rules, contact points, policies."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from domain.dictionary import LANGUAGES
from grafana.alerts import SOURCE_UID, groups
from grafana.panels import PLUGIN
from grafana.theme import Json
from grafana.yamltext import yaml_of

INSTALLATION = Path(__file__).with_name("installation.toml")
HEAD_OFFICE = "moments head office"
_MADE = "Made by `moments grafana build`; edit grafana/*.py or installation.toml and build again."


def installation() -> dict[str, Any]:
    """What differs between installations: the language of alarms, the regions and where their alarms go."""
    return tomllib.loads(INSTALLATION.read_text(encoding="utf-8"))


def provisioning() -> dict[str, str]:
    """Relative path to text."""
    regions: dict[str, str] = installation()["regions"]
    head_office: str = installation()["head_office"]
    language: str = installation()["language"]
    return {
        "provisioning/datasources/moments.yaml": yaml_of(data_sources(), comment=f"{_MADE}\n{_SOURCE_NOTE}"),
        "provisioning/dashboards/moments.yaml": yaml_of(providers(), comment=_MADE),
        "provisioning/alerting/rules.yaml": yaml_of(
            {"apiVersion": 1, "groups": groups(language)}, comment=_MADE
        ),
        "provisioning/alerting/contact-points.yaml": yaml_of(
            contact_points(regions, head_office), comment=_MADE
        ),
        "provisioning/alerting/policies.yaml": yaml_of(policies(regions), comment=f"{_MADE}\n{_POLICY_NOTE}"),
    }


_SOURCE_NOTE = """The user must have a profile with readonly = 1 and max_execution_time
CHANGEABLE_IN_READONLY: with readonly = 2 whoever edits a query may change settings; without the
second, queries fail while "Save & test" passes. Texts stay quoted: the plugin panics on a
number where it wants a text."""
_POLICY_NOTE = (
    "This file replaces the whole policy tree of the organisation: merge it by hand where others have routes."
)


def data_sources() -> Json:
    """ClickHouse by the native protocol, as a user who may only read the public views."""
    return {
        "apiVersion": 1,
        "datasources": [
            {
                "orgId": 1,
                "name": "moments",
                "uid": SOURCE_UID,
                "type": PLUGIN,
                "access": "proxy",
                "isDefault": True,
                "editable": False,
                "jsonData": {
                    "host": "${MOMENTS_CLICKHOUSE_HOST}",
                    "port": 9000,
                    "protocol": "native",
                    "username": "${MOMENTS_CLICKHOUSE_USER}",
                    "secure": False,
                    "defaultDatabase": "moments",
                    "dialTimeout": "10",
                    "queryTimeout": "60",
                    "validateSql": False,
                },
                "secureJsonData": {"password": "${MOMENTS_CLICKHOUSE_PASSWORD}"},
            }
        ],
    }


def providers() -> Json:
    """A folder a language; the files are mounted under one path."""
    titles = {"en": "Moments", "uk": "Moments (українською)", "ru": "Moments (по-русски)"}
    return {
        "apiVersion": 1,
        "providers": [
            {
                "name": f"moments-{language}",
                "orgId": 1,
                "folder": titles[language],
                "folderUid": f"moments-{language}",
                "type": "file",
                "disableDeletion": False,
                "updateIntervalSeconds": 60,
                "allowUiUpdates": False,
                "options": {
                    "path": f"/etc/grafana/moments/dashboards/{language}",
                    "foldersFromFilesStructure": False,
                },
            }
            for language in LANGUAGES
        ],
    }


def contact_points(regions: dict[str, str], head_office: str) -> Json:
    """One for head office, one a region; addresses come from the environment."""
    named = {HEAD_OFFICE: head_office, **{_point(region): address for region, address in regions.items()}}
    return {
        "apiVersion": 1,
        "contactPoints": [
            {
                "orgId": 1,
                "name": name,
                "receivers": [
                    {
                        "uid": name.replace(" ", "-")[:40],
                        "type": "email",
                        "settings": {"addresses": f"${{{variable}}}", "singleEmail": False},
                        "disableResolveMessage": False,
                    }
                ],
            }
            for name, variable in named.items()
        ],
    }


def policies(regions: dict[str, str]) -> Json:
    """Alarms of a site go to its region; what has no region goes to head office."""
    return {
        "apiVersion": 1,
        "policies": [
            {
                "orgId": 1,
                "receiver": HEAD_OFFICE,
                "group_by": ["alertname", "region"],
                "group_wait": "30s",
                "group_interval": "5m",
                "repeat_interval": "12h",
                "routes": [
                    {
                        "receiver": _point(region),
                        "object_matchers": [["product", "=", "moments"], ["region", "=", region]],
                        "group_by": ["alertname", "site"],
                    }
                    for region in regions
                ],
            }
        ],
    }


def _point(region: str) -> str:
    return f"moments region {region}"
