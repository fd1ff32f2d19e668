"""A Grafana on loopback that answers as Grafana 13 documents, and refuses what it would not take.

Numeric-id calls are off (404), some answers have an empty body, every request is held against the documented
API: verb, path, fields and their types, and the Bearer token.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "glsa_" + "s" * 40


@dataclass
class State:
    """What this Grafana holds, and every call that changed something."""

    folders: dict[str, dict[str, Any]] = field(default_factory=dict)
    permissions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    boards: dict[str, dict[str, Any]] = field(default_factory=dict)
    teams: list[dict[str, Any]] = field(default_factory=list)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    broken: int = 0
    """Answers this status to every call."""


DEFAULT_PERMISSIONS = [
    {"role": "Viewer", "permission": 1, "inherited": False},
    {"role": "Editor", "permission": 2, "inherited": False},
    {"role": "Admin", "permission": 4, "inherited": True},
]


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def need(body: Any, **kinds: type | tuple[type, ...]) -> None:
    """A body has these fields, of these types, and no other."""
    if not isinstance(body, dict) or set(body) - set(kinds):
        raise Refused(400, f"bad request data: {sorted(body) if isinstance(body, dict) else body}")
    for name, kind in kinds.items():
        if not isinstance(body.get(name), kind):
            raise Refused(400, f"{name} is {body.get(name)!r}")


def answer(  # noqa: C901 - one case a call: a table of the documented API
    state: State, verb: str, path: str, query: dict[str, list[str]], body: Any
) -> Any:
    """The answer of a call, None for an empty body."""
    parts = [unquote(part) for part in path.removeprefix("/api/").split("/")]
    match (verb, *parts):
        case ("GET", "folders", uid):
            return one(state.folders, uid, "folder not found")
        case ("POST", "folders"):
            need(body, uid=str, title=str)
            if body["uid"] in state.folders:
                raise Refused(412, "a folder with that uid already exists")
            if len(body["uid"]) > 40:
                raise Refused(400, "uid too long, max 40 characters")
            state.folders[body["uid"]] = {**body, "version": 1, "id": len(state.folders) + 1}
            state.permissions[body["uid"]] = list(DEFAULT_PERMISSIONS)
            return state.folders[body["uid"]]
        case ("PUT", "folders", uid):
            need(body, title=str, version=int)
            folder = one(state.folders, uid, "folder not found")
            if body["version"] != folder["version"]:
                raise Refused(412, "the folder has been changed by someone else")
            folder |= {"title": body["title"], "version": folder["version"] + 1}
            return folder
        case ("GET", "folders", uid, "permissions"):
            one(state.folders, uid, "folder not found")
            return state.permissions[uid]
        case ("POST", "folders", uid, "permissions"):
            need(body, items=list)
            one(state.folders, uid, "folder not found")
            known = {team["id"] for team in state.teams}
            for item in body["items"]:
                if item["permission"] not in {1, 2, 4} or item.get("teamId") not in known:
                    raise Refused(400, f"no such permission: {item}")
            fixed = [item for item in DEFAULT_PERMISSIONS if item["inherited"]]
            state.permissions[uid] = [*({**item, "inherited": False} for item in body["items"]), *fixed]
            return None
        case ("GET", "dashboards", "uid", uid):
            return one(state.boards, uid, "Dashboard not found")
        case ("POST", "dashboards", "db"):
            return save(state, body)
        case ("GET", "teams", "search"):
            found = [team for team in state.teams if team["name"] in query.get("name", [team["name"]])]
            return {"totalCount": len(found), "teams": found, "page": 1, "perPage": 1000}
        case ("POST", "teams"):
            need(body, name=str)
            if any(team["name"] == body["name"] for team in state.teams):
                raise Refused(409, "Team name taken")
            state.teams.append({"id": len(state.teams) + 1, "name": body["name"], "orgId": 1})
            return {"message": "Team created", "teamId": len(state.teams), "uid": "x"}
        case ("GET", "annotations"):
            wanted = set(query.get("tags", []))
            return [each for each in state.annotations if wanted <= set(each["tags"])]
        case ("POST", "annotations"):
            need(body, time=int, text=str, tags=list)
            state.annotations.append({**body, "id": len(state.annotations) + 1})
            return {"message": "Annotation added", "id": len(state.annotations)}
        case ("GET" | "PUT" | "DELETE", "datasources" | "dashboards", "id" | _, *_):
            raise Refused(404, "calls by numeric id are disabled (datasourceLegacyIdApi)")
        case _:
            raise Refused(404, f"Not found: {verb} {path}")


def save(state: State, body: Any) -> dict[str, Any]:
    need(body, dashboard=dict, folderUid=str, message=str, overwrite=bool)
    model = body["dashboard"]
    if "apiVersion" in model or "elements" in model:
        raise Refused(400, "dashboard appears to be in v2 format")
    if model.get("id") is not None or not model.get("title"):
        raise Refused(412, "the dashboard has an id, or no title")
    if body["folderUid"] not in state.folders:
        raise Refused(400, "folder not found")
    before = state.boards.get(model["uid"])
    version = before["dashboard"]["version"] + 1 if before else 1
    stored = {
        **json.loads(json.dumps(model)),
        "id": len(state.boards) + 1,
        "version": version,
        "preload": False,
    }
    stored["panels"] = [{**panel, "libraryPanel": None} for panel in stored["panels"]]
    state.boards[model["uid"]] = {"dashboard": stored, "meta": {"folderUid": body["folderUid"]}}
    return {"status": "success", "uid": model["uid"], "version": version, "id": stored["id"]}


def one(of: dict[str, dict[str, Any]], uid: str, message: str) -> dict[str, Any]:
    if uid not in of:
        raise Refused(404, message)
    return of[uid]


@contextmanager
def grafana() -> Iterator[tuple[str, State]]:
    """Its address and its state, while it runs."""
    state = State()

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            url = urlsplit(self.path)
            try:
                if state.broken:
                    raise Refused(state.broken, "out of order")
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    raise Refused(401, "Invalid API key")
                body = json.loads(raw) if raw and raw != b"null" else None
                if body is not None and self.headers.get("Content-Type") != "application/json":
                    raise Refused(415, "not JSON")
                found = answer(state, self.command, url.path, parse_qs(url.query), body)
                if self.command != "GET":
                    state.writes.append(f"{self.command} {url.path}")
                self.reply(200, found)
            except Refused as refused:
                if refused.status != 404 and not state.broken:
                    state.faults.append(str(refused))
                self.reply(refused.status, {"message": str(refused)})

        do_GET = do_POST = do_PUT = do_DELETE = handle_one  # noqa: N815 - names that http.server calls

        def reply(self, status: int, content: Any) -> None:
            raw = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
