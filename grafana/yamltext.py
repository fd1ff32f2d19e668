"""Plain data as YAML: block style, every text in JSON's quotes (which YAML reads the same), long ones as
literals.

Enough for Grafana's provisioning files, and no dependency for writing them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from grafana.sqltext import indent


def yaml_of(data: Any, *, comment: str = "") -> str:
    """The text of a document."""
    head = "".join(f"# {line}\n" for line in comment.splitlines())
    return head + "\n".join(_lines(data)) + "\n"


def _lines(data: Any) -> Iterator[str]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _entry(f"{key}:", value)
    else:
        for value in data:
            yield from _entry("-", value)


def _entry(lead: str, value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if "\n" in value:
            yield f"{lead} |-"
            yield indent(value, 2)
        else:
            yield f"{lead} {json.dumps(value, ensure_ascii=False)}"
    elif isinstance(value, Mapping | Sequence) and value:
        inner = [line for block in _lines(value) for line in block.split("\n")]
        if lead == "-":
            yield f"- {inner[0]}"
            yield from (f"  {line}" if line else line for line in inner[1:])
        else:
            yield lead
            yield from (f"  {line}" if line else line for line in inner)
    else:
        yield f"{lead} {json.dumps(value)}"
