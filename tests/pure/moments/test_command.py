"""The command as a whole: exit codes, one line for an error, help with an example for every verb."""

from pathlib import Path

import pytest

from moments import __version__
from moments.cli import main


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("emit",),
        ("emit", "a", "b"),
        ("emit", "/no/such/file.ndjson"),
        ("simulate", "--sites", "0"),
        ("simulate", "--until", "yesterday"),
        ("simulate", "--until", "2026-01-01T00:00:00"),
        ("kpis", "no_such_measure"),
        ("keys", "create", "x", "--role", "boss"),
        ("dead-letters", "replay"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    code, out, err = ran(capsys, *arguments)

    assert (code, out) == (2, "")
    assert err.startswith("moments: ")
    assert err.count("\n") == 1


def test_without_a_platform_a_verb_says_how_to_get_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.delenv("MOMENTS_URL", raising=False)
    code, _, err = ran(capsys, "sites", "list", "--data", str(tmp_path))

    assert code == 1
    assert "moments up" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("below", ["", "below"])
@pytest.mark.parametrize(
    "arguments", [("verify",), ("rebuild",), ("sites", "list"), ("keys", "list"), ("up",), ("emit", "-")]
)
def test_a_file_in_place_of_the_data_folder_is_one_line(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: tuple[str, ...],
    below: str,
) -> None:
    monkeypatch.delenv("MOMENTS_URL", raising=False)
    file = tmp_path / "data"
    file.touch()
    monkeypatch.setenv("MOMENTS_DATA", str(file / below))

    code, _, err = ran(capsys, *arguments)

    assert (code, err) == (
        1,
        f"moments: {file / below} is no data folder: it is a file, or lies under one\n",
    )


def test_debug_adds_the_traceback_wherever_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (("--debug", "kpis", "nope"), ("kpis", "nope", "--debug")):
        code, _, err = ran(capsys, *arguments)
        assert code == 2
        assert "Traceback" in err


def test_without_arguments_it_shows_its_help_and_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran(capsys)

    assert code == 2
    assert "Commands:" in out


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(capsys, "--version") == (0, f"moments {__version__}\n", "")


def test_the_catalogue_is_shown_without_any_platform(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran(capsys, "kpis", "on_time")

    assert code == 0
    assert "kept / (kept + late + broken)" in out
