"""docs/measures.md, from the catalogue: `python -m domain.measures > docs/measures.md`."""

from __future__ import annotations

from domain.measures import AREAS, CATALOGUE, Measure

HEAD = """# Measures

One entry each in `domain/measures/`, one SELECT each in `projections/measures/`; this page is
generated from the catalogue (`python -m domain.measures > docs/measures.md`) and a test keeps it
current. API, boards and alerts read the same entries.

How to read it: a value is scale · Σ numerator / Σ denominator over whatever is asked for (a total:
scale · Σ numerator), so that departments, sites, regions and the chain always add up. Values are
null without observations, `low_n` below the number given, and carry the interval named (95 %).
Ratios are fractions of 1. By department (or tier, the sum of its departments' observations) means
one observation for each department that has a part in the promise or visit.
"""


def measures_page() -> str:
    """The whole page, in Markdown."""
    parts = [HEAD]
    for area in AREAS:
        parts.append(f"## {area.capitalize()}\n")
        parts += [_entry(measure) for measure in CATALOGUE.values() if measure.area == area]
    return "\n".join(parts)


def _entry(measure: Measure) -> str:
    rows = {
        "Titles": " · ".join(measure.title[language] for language in ("en", "uk", "ru")),
        "Formula": measure.formula["en"],
        "Numerator": measure.numerator["en"],
        "Denominator": measure.denominator["en"],
        "n": measure.n["en"],
        "Unit": f"{measure.unit} ({measure.kind.value}, better: {measure.direction.value})",
        "Source": ", ".join(f"`{view}`" for view in measure.source),
        "Owner": f"{measure.owner_tier}: {', '.join(measure.owner_departments)}",
        "Dimensions": ", ".join(dimension.value for dimension in measure.dimensions),
        "Standard": _standard(measure),
        "Interval": f"{measure.interval.value}; low_n below {measure.low_n}",
    }
    lines = [f"### `{measure.code}`\n", "| | |", "|---|---|"]
    lines += [f"| {name} | {_cell(text)} |" for name, text in rows.items()]
    return "\n".join(lines) + "\n"


def _standard(measure: Measure) -> str:
    if measure.standard is None:
        return "none by default"
    text = f"{measure.standard:g}"
    if measure.thresholds:
        text += f"; warning at {measure.thresholds.warning:g}, critical at {measure.thresholds.critical:g}"
    return text


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
