"""Which site an id belongs to: ids are a site's own, so several sites may have the same one."""

from __future__ import annotations

from typing import Any

from api.problems import Problem, not_found
from api.reading import Reading
from projections.scope import Scope, conditions

_VIEWS = {"promise": ("promises", "promise_id"), "visit": ("visits", "visit_id")}
_KNOWN: dict[str, list[str]] = {"promise": ["known.state != 'waiting'"], "visit": []}
"""A promise of which only other events tell is not there yet: it can neither be explained nor make an id
ambiguous (R6).
"""


def only_site(
    reading: Reading, kind: str, id_: str, columns: tuple[str, ...] = ()
) -> tuple[str, tuple[Any, ...]]:
    """The one site in scope that has this id, with those columns of its row. Blocking.

    404 when none has (or only one outside the key), 409 with the list when several have.
    """
    view, column = _VIEWS[kind]
    where, params = conditions(Scope(sites=reading.scope.sites), "known", departments=False)
    where += [*_KNOWN[kind], f"known.{column} = {{id:String}}"]
    params["id"] = id_
    names = ", ".join(f"known.{name}" for name in ("site_id", *columns))
    sql = f"SELECT {names} FROM moments.{view} AS known\nWHERE {' AND '.join(where)}\nORDER BY known.site_id"
    rows = reading.services.store.rows(sql, params)
    if not rows:
        raise not_found(kind)
    if len(rows) > 1:
        sites = [row[0] for row in rows]
        raise Problem(
            409,
            "ambiguous_id",
            f"{len(sites)} sites have a {kind} of this id; name one with `site=`",
            [{"parameter": "site", "allowed": sites}],
            sites=sites,
        )
    site, *values = rows[0]
    return site, tuple(values)
