"""The direction of imports (docs/architecture.md, the house): domain/ is what all speak, and the arrow never
turns back."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

# Who may import which of our own packages; `moments` may import everything.
OURS: dict[str, set[str]] = {
    "domain": set(),
    "ingest": {"domain"},
    "projections": {"domain", "ingest"},
    "api": {"domain", "projections", "ingest"},
    "grafana": {"domain"},
}
# Of a neighbour, not everything is meant for others: what may be named, package by package.
NARROWED: dict[tuple[str, str], tuple[str, ...]] = {
    ("projections", "ingest"): ("ingest.log.reader", "ingest.log.record", "ingest.log", "ingest.relay.wire"),
}
# The domain is pure: no I/O, no clock, and of others' packages only these.
DOMAIN_OTHERS = {"msgspec", "eventsourcing"}
IMPURE = {
    "asyncio",
    "http",
    "logging",
    "os",
    "pathlib",
    "random",
    "requests",
    "socket",
    "sqlite3",
    "subprocess",
    "time",
}
# Reading the dictionary shipped beside the code, once, is not I/O of the domain's own.
EXCEPTIONS = {("domain/dictionary.py", "pathlib")}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


@pytest.mark.parametrize("package", OURS)
def test_a_package_imports_only_what_lies_before_it(package: str) -> None:
    forbidden = {"domain", "ingest", "projections", "api", "grafana", "moments"} - OURS[package] - {package}
    faults = [
        f"{file.relative_to(ROOT)}:{line} imports {name}"
        for file in modules(package)
        for line, name in imported(file)
        if name.split(".")[0] in forbidden
    ]

    assert faults == []


@pytest.mark.parametrize(("package", "neighbour"), NARROWED)
def test_of_a_neighbour_only_its_public_side_is_imported(package: str, neighbour: str) -> None:
    allowed = NARROWED[package, neighbour]
    faults = [
        f"{file.relative_to(ROOT)}:{line} imports {name}"
        for file in modules(package)
        for line, name in imported(file)
        if name.split(".")[0] == neighbour and not name.startswith(allowed)
    ]

    assert faults == []


def test_the_domain_is_pure() -> None:
    faults = [
        f"{file.relative_to(ROOT)}:{line} imports {name}"
        for file in modules("domain")
        for line, name in imported(file)
        if (str(file.relative_to(ROOT)), root := name.split(".")[0]) not in EXCEPTIONS
        and (
            root in IMPURE or (root not in sys.stdlib_module_names and root not in DOMAIN_OTHERS | {"domain"})
        )
    ]

    assert faults == []


def test_tests_and_examples_are_imported_by_nobody() -> None:
    faults = [
        f"{file.relative_to(ROOT)}:{line} imports {name}"
        for package in (*OURS, "moments")
        for file in modules(package)
        for line, name in imported(file)
        if name.split(".")[0] in {"tests", "examples", "benchmarks"}
    ]

    assert faults == []
