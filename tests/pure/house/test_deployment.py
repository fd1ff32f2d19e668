"""What docker-compose.yml, the Dockerfile and the units name exists in code and settings."""

import re
from pathlib import Path

import pytest

from deploy.secrets import write
from moments.cli.reference import reference
from moments.settings import PREFIX, Settings

ROOT = Path(__file__).parents[3]
COMPOSE = (ROOT / "docker-compose.yml").read_text()
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
KNOWN = {PREFIX + name.upper() for name in Settings.model_fields}


def test_every_setting_named_exists(tmp_path: Path) -> None:
    write(tmp_path / "secrets")
    written = "".join(file.read_text() for file in (tmp_path / "secrets").iterdir())
    texts = [COMPOSE, written, (ROOT / "Dockerfile").read_text(), *(unit.read_text() for unit in UNITS)]
    assert set(re.findall(r"\bMOMENTS_[A-Z_]+", "".join(texts))) <= KNOWN


def test_every_verb_named_exists() -> None:
    verbs = set(re.findall(r'command: \["(\w+)"', COMPOSE))
    verbs |= {re.search(r"bin/moments (\w+)", unit.read_text())[1] for unit in UNITS}
    assert verbs == {"serve", "relay", "project"}
    assert all(f"## moments {verb}" in reference() for verb in verbs)


def test_secrets_are_made_once_and_differ(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    assert len(write(first)) == 3
    assert write(first) == []
    write(second)
    for name in ("moments.env", "clickhouse.env", "grafana.env"):
        assert (first / name).stat().st_mode & 0o777 == 0o600
        assert (first / name).read_text() != (second / name).read_text()
        assert name in COMPOSE
    (first / "grafana.env").unlink()
    with pytest.raises(FileExistsError):
        write(first)


def test_no_password_ships_and_only_three_ports_are_published() -> None:
    assert not re.search(r"(?i)(password|admin_key|token)\s*[:=]\s*\S", COMPOSE)
    assert re.findall(r'ports: \["([^"]+)"', COMPOSE) == [
        "127.0.0.1:8080:8080",
        "127.0.0.1:8081:8080",
        "127.0.0.1:3000:3000",
    ]
    assert ":latest" not in COMPOSE
    assert all(":" in image for image in re.findall(r"image: (\S+)", COMPOSE))


def test_every_package_of_the_image_is_copied() -> None:
    copied = set(re.findall(r"^COPY (\w+) /src/", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    assert copied >= {"domain", "ingest", "projections", "api", "moments"}
