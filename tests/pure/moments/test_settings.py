"""Settings: a wrong value stops the start by name; environment over file over defaults; secrets stay
hidden."""

import re
import tomllib
from pathlib import Path

import pytest

from moments.errors import SettingRefused
from moments.settings import PREFIX, Settings, load

EXAMPLE = Path(__file__).parents[3] / "moments.example.toml"


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("PORT", "eighty", "a whole number from 0 to 65535"),
        ("PORT", "70000", "a whole number from 0 to 65535"),
        ("ACK", "maybe", "log or kafka"),
        ("ADMIN_KEY", "short", "32 characters or more"),
        ("URL", "localhost:8080", "http://HOST:PORT"),
        ("LOG_LEVEL", "loud", "debug, info, warning or error"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    monkeypatch.setenv(PREFIX + name, value)

    with pytest.raises(SettingRefused) as refused:
        load()

    assert str(refused.value).startswith(f"MOMENTS_{name}: ")
    assert allowed in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_refused_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOMENTS_ADMIN_KEY", "hunter2")

    with pytest.raises(SettingRefused) as refused:
        load()

    assert "hunter2" not in str(refused.value)


def test_an_unknown_name_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "moments.toml").write_text("prot = 9000\n")

    with pytest.raises(SettingRefused, match=r"prot .*there is no such setting"):
        load()


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "moments.toml").write_text("port: 9000\n")

    with pytest.raises(SettingRefused, match="not a TOML file"):
        load()


def test_a_file_named_but_absent_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOMENTS_CONFIG", "elsewhere.toml")

    with pytest.raises(SettingRefused, match="there is no file elsewhere"):
        load()


def test_the_command_line_beats_the_environment_beats_the_file_beats_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "moments.toml").write_text('host = "10.0.0.1"\nport = 1\ndata = "file"\n')
    monkeypatch.setenv("MOMENTS_PORT", "2")
    monkeypatch.setenv("MOMENTS_DATA", "environment")

    loaded = load({"data": Path("flag"), "url": None})

    assert {name: (value, origin) for name, value, origin in loaded.shown()} == {
        **{name: (value, "default") for name, value, _ in load({"data": Path("flag")}).shown()},
        "host": ("10.0.0.1", "moments.toml"),
        "port": ("2", "environment"),
        "data": ("flag", "command line"),
    }


def test_secrets_are_masked_where_settings_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOMENTS_ADMIN_KEY", "s" * 40)
    monkeypatch.setenv("MOMENTS_CLICKHOUSE_URL", "http://user:secret@host:8123/moments")

    shown = str(load().shown())

    assert "ssss" not in shown
    assert "secret" not in shown


def test_a_child_process_gets_exactly_the_settings_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOMENTS_ADMIN_KEY", "s" * 40)
    ours = load({"port": 4711, "data": Path("elsewhere")})

    environment = ours.environment()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert load().settings == ours.settings


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("shop", False),
    ],
)
def test_what_counts_as_loopback(host: str, loopback: bool) -> None:
    assert load({"host": host}).settings.loopback_only is loopback


def test_the_example_file_names_every_setting_with_its_default() -> None:
    lines = [match[1] for match in re.finditer(r"^# (\w+ = .+)$", EXAMPLE.read_text(), re.MULTILINE)]
    example = tomllib.loads("\n".join(lines))
    defaults = {name: field.default for name, field in Settings.model_fields.items()}

    assert set(example) == set(defaults)
    for name, value in example.items():
        expected = "absent" if defaults[name] is None else str(defaults[name])
        assert str(value) == expected, name
