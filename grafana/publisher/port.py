"""The one adapter over grafana-api: a dozen calls, and nothing of that library anywhere else.

grafana-api 1.0.3 has not changed since 2020 and still works with Grafana 13 for the calls made here; it has
no
call for what came later (nested folders, `/apis`), reads every answer as JSON (an empty body is an error to
it),
and its calls by numeric id are off in Grafana 13. grafana-client is its successor if it ever breaks.
"""

from __future__ import annotations

from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import requests
from grafana_api.grafana_api import GrafanaException
from grafana_api.grafana_face import GrafanaFace

Json = dict[str, Any]

VIEW, EDIT, ADMIN = 1, 2, 4
_TIMEOUT_S = 30.0
_PAGE = 500


class GrafanaRefused(Exception):
    """Grafana, or what stands before it, refused a call; the text says which and why."""


class GrafanaPort(Protocol):
    """What publishing needs of a Grafana."""

    def folder(self, uid: str) -> Json | None: ...
    def create_folder(self, uid: str, title: str) -> None: ...
    def rename_folder(self, uid: str, title: str, version: int) -> None: ...
    def dashboard(self, uid: str) -> Json | None: ...
    def save_dashboard(self, model: Json, folder: str, message: str) -> None: ...
    def team(self, name: str) -> Json | None: ...
    def create_team(self, name: str) -> int: ...
    def folder_permissions(self, uid: str) -> list[Json]: ...
    def set_folder_permissions(self, uid: str, items: list[Json]) -> None: ...
    def annotations(self, tags: list[str]) -> list[Json]: ...
    def annotate(self, time_ms: int, text: str, tags: list[str]) -> None: ...


class Grafana:
    """A Grafana at an address, with a service account's token.

    Args:
        url: `https://grafana.example:3000/prefix`.
        token: sent as a Bearer token, and never part of an error's text.
    """

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        prefix = parts.path.strip("/")
        self._host = parts.netloc
        self._face = GrafanaFace(
            token,
            host=parts.hostname or "localhost",
            port=parts.port,
            url_path_prefix=f"{prefix}/" if prefix else "",
            protocol=parts.scheme,
            timeout=_TIMEOUT_S,
        )
        # grafana-api reads every answer as JSON; Grafana 13 answers some calls with an empty body.
        self._face.api.s.hooks["response"].append(_no_empty_body)

    def folder(self, uid: str) -> Json | None:
        return self._found("GET", f"/folders/{quote(uid, safe='')}")

    def create_folder(self, uid: str, title: str) -> None:
        self._call("POST", "/folders", {"uid": uid, "title": title})

    def rename_folder(self, uid: str, title: str, version: int) -> None:
        self._call("PUT", f"/folders/{quote(uid, safe='')}", {"title": title, "version": version})

    def dashboard(self, uid: str) -> Json | None:
        """The board as stored, with `meta.folderUid`."""
        return self._found("GET", f"/dashboards/uid/{quote(uid, safe='')}")

    def save_dashboard(self, model: Json, folder: str, message: str) -> None:
        body = {"dashboard": model, "folderUid": folder, "message": message, "overwrite": True}
        self._call("POST", "/dashboards/db", body)

    def team(self, name: str) -> Json | None:
        teams = self._call("GET", f"/teams/search?name={quote(name, safe='')}&perpage=1000")["teams"]
        return next((team for team in teams if team["name"] == name), None)

    def create_team(self, name: str) -> int:
        return int(self._call("POST", "/teams", {"name": name})["teamId"])

    def folder_permissions(self, uid: str) -> list[Json]:
        found: list[Json] = self._call("GET", f"/folders/{quote(uid, safe='')}/permissions")
        return found

    def set_folder_permissions(self, uid: str, items: list[Json]) -> None:
        self._call("POST", f"/folders/{quote(uid, safe='')}/permissions", {"items": items})

    def annotations(self, tags: list[str]) -> list[Json]:
        asked = "&".join(f"tags={quote(tag, safe='')}" for tag in tags)
        found: list[Json] = self._call("GET", f"/annotations?{asked}&limit={_PAGE}&type=annotation")
        return found

    def annotate(self, time_ms: int, text: str, tags: list[str]) -> None:
        self._call("POST", "/annotations", {"time": time_ms, "text": text, "tags": tags})

    def _found(self, verb: str, path: str) -> Json | None:
        try:
            answer: Json = self._call(verb, path)
        except _Missing:
            return None
        return answer

    def _call(self, verb: str, path: str, body: Json | None = None) -> Any:
        """Errors of the library and of the network become one kind, here and nowhere else."""
        try:
            return getattr(self._face.api, verb)(path, json=body)
        except GrafanaException as refused:
            kind = _Missing if refused.status_code == 404 else GrafanaRefused
            raise kind(f"{self._host} {verb} {path}: {refused}") from refused
        except (requests.RequestException, ValueError) as error:
            raise GrafanaRefused(f"{self._host} {verb} {path}: {error}") from error


class _Missing(GrafanaRefused):
    """404: there is no such thing yet."""


def _no_empty_body(response: requests.Response, *_: Any, **__: Any) -> requests.Response:
    if not response.content:
        response._content = b"{}"  # noqa: SLF001 - requests has no other way to mend an answer
    return response
