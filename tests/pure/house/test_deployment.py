"""What docker-compose.yml, the Dockerfile and the units name exists in code, settings and secrets."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deploy.secrets import write
from ingest.relay.wire import Topics
from moments.cli.reference import reference
from moments.settings import PREFIX, Settings

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("moments:")}
SCHEMA = json.loads((Path(__file__).with_name("compose-spec.json")).read_text())
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
KNOWN = {PREFIX + name.upper() for name in Settings.model_fields}
DOCKERFILE = (ROOT / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deployment") / "secrets"
    write(folder)
    return folder


def environment(service: dict[str, Any], secrets: Path) -> dict[str, str]:
    """What a service's process is started with, its env files read as Compose reads them."""
    given: dict[str, str] = {}
    for entry in service.get("env_file", ()):
        file = secrets / Path(entry["path"] if isinstance(entry, dict) else entry).name
        assert file.exists() or (isinstance(entry, dict) and not entry["required"]), file.name
        lines = file.read_text().splitlines() if file.exists() else []
        given |= dict(line.split("=", 1) for line in lines)
    return given | service.get("environment", {})


def test_it_is_a_compose_file_by_the_specification_s_own_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(COMPOSE)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda compose: compose["services"]["door"].update(port=["8080"]),
        lambda compose: compose["services"]["door"]["depends_on"].update(postgres={"condition": "well"}),
        lambda compose: compose["services"]["kafka"]["healthcheck"].update(every="10s"),
        lambda compose: compose.update(volume={}),
    ],
    ids=["unknown key", "unknown condition", "unknown probe", "unknown section"],
)
def test_the_schema_refuses_what_compose_would(spoil) -> None:
    spoilt = yaml.safe_load(TEXT)
    spoil(spoilt)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(spoilt)


def test_every_setting_named_exists(secrets: Path) -> None:
    for name, service in OURS.items():
        assert environment(service, secrets).keys() <= KNOWN, name
    texts = [DOCKERFILE, *(unit.read_text() for unit in UNITS)]
    assert set(re.findall(r"\bMOMENTS_[A-Z_]+", "".join(texts))) <= KNOWN


def test_every_process_gets_settings_that_are_allowed_and_no_more_rights_than_it_needs(secrets: Path) -> None:
    users = {}
    for name, service in OURS.items():
        given = environment(service, secrets)
        settings = Settings(**{key.removeprefix(PREFIX).lower(): value for key, value in given.items()})
        assert settings.kafka_bootstrap == "kafka:9092"
        url = settings.clickhouse_url.get_secret_value() if settings.clickhouse_url else "//:"
        users[name] = re.search(r"//(\w*):", url)[1]
        assert (settings.admin_key is not None) == (name in {"door", "api"}), name
    assert users == {
        "door": "",
        "relay": "moments_writer",
        "project": "moments_writer",
        "api": "moments_reader",
    }


def test_passwords_agree_on_both_sides(secrets: Path) -> None:
    import hashlib

    sql = (secrets / "clickhouse-users.sql").read_text()
    assert "$" not in sql
    for name, user in (("project", "moments_writer"), ("api", "moments_reader")):
        url = environment(SERVICES[name], secrets)["MOMENTS_CLICKHOUSE_URL"]
        found = re.fullmatch(rf"http://{user}:([\w-]+)@clickhouse:8123/moments", url)
        assert (
            f"{user} IDENTIFIED WITH sha256_hash BY '{hashlib.sha256(found[1].encode()).hexdigest()}'" in sql
        )
    grafana = environment(SERVICES["grafana"], secrets)
    hashed = hashlib.sha256(grafana["MOMENTS_CLICKHOUSE_PASSWORD"].encode()).hexdigest()
    assert (
        f"{grafana['MOMENTS_CLICKHOUSE_USER']} IDENTIFIED WITH sha256_hash BY '{hashed}'" in sql
    )
    database = environment(SERVICES["postgres"], secrets)
    log = (secrets / "log-postgres.env").read_text()
    assert (
        f"//{database['POSTGRES_USER']}:{database['POSTGRES_PASSWORD']}@postgres:5432/{database['POSTGRES_DB']}"
        in log
    )


def test_a_log_on_postgres_is_one_file_and_one_profile(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    write(folder)
    (folder / "log.env").write_bytes((folder / "log-postgres.env").read_bytes())
    for name, service in OURS.items():
        assert ("MOMENTS_LOG_URL" in environment(service, folder)) == (name in {"door", "relay"}), name
    assert SERVICES["postgres"]["profiles"] == ["postgres"]
    assert SERVICES["door"]["depends_on"]["postgres"] == {"condition": "service_healthy", "required": False}
    database = environment(SERVICES["postgres"], folder)
    probe = SERVICES["postgres"]["healthcheck"]["test"]
    assert probe[-3:] == [database["POSTGRES_USER"], "--dbname", database["POSTGRES_DB"]]
    # psycopg without its binary package is a thin layer over the system's library
    assert "libpq5" in DOCKERFILE


def test_services_name_each_other_by_names_and_ports_that_are_there(secrets: Path) -> None:
    ports = {"kafka": {"9092", "9093"}, "clickhouse": {"8123", "9000"}, "postgres": {"5432"}}
    texts = "".join(file.read_text() for file in secrets.iterdir()) + TEXT.replace("image: apache/", "")
    named = re.findall(r"[/@\"'](kafka|clickhouse|postgres|door|api):(\d+)", texts)
    assert {("kafka", "9092"), ("clickhouse", "8123"), ("postgres", "5432")} <= set(named)
    assert all(port in ports[name] for name, port in named)
    assert environment(SERVICES["grafana"], secrets)["MOMENTS_CLICKHOUSE_HOST"] in SERVICES
    for name, service in SERVICES.items():
        assert set(service.get("depends_on", ())) <= SERVICES.keys(), name
    listeners = SERVICES["kafka"]["environment"]["KAFKA_LISTENERS"]
    assert re.findall(r":(\d+)", listeners) == ["9092", "9093"]
    for name in ("door", "api"):
        command = SERVICES[name]["command"]
        (published,) = SERVICES[name]["ports"]
        assert published.split(":")[2] == command[command.index("--port") + 1], name
        assert f":{published.split(':')[2]}/healthz" in SERVICES[name]["healthcheck"]["test"][3], name


def test_every_path_exists_and_every_volume_is_declared() -> None:
    made = write_names()
    used = set()
    for name, service in SERVICES.items():
        files = [entry["path"] if isinstance(entry, dict) else entry for entry in service.get("env_file", ())]
        assert {Path(file).name for file in files} <= made | {"log.env"}, name
        for volume in service.get("volumes", ()):
            source, target = volume.split(":")[:2]
            assert target.startswith("/"), volume
            if not source.startswith("."):
                used.add(source)
            elif source.startswith("./secrets/"):
                assert Path(source).name in made, volume
            else:
                assert (ROOT / source).is_dir(), volume
    assert used == set(COMPOSE["volumes"])
    assert all("door:/data" in SERVICES[name]["volumes"] for name in ("door", "relay"))
    assert "ENV PATH=/opt/moments/bin:$PATH MOMENTS_DATA=/data" in DOCKERFILE


def test_grafana_finds_boards_where_they_are_mounted_and_every_variable_set(secrets: Path) -> None:
    targets = {volume.split(":")[1]: volume.split(":")[0] for volume in SERVICES["grafana"]["volumes"]}
    provisioning = ROOT / "grafana" / "provisioning"
    providers = yaml.safe_load((provisioning / "dashboards" / "moments.yaml").read_text())["providers"]
    for provider in providers:
        path = Path(provider["options"]["path"])
        assert (ROOT / targets[str(path.parent)] / path.name).is_dir(), path
    wanted = set()
    for file in provisioning.glob("*/*.yaml"):
        assert f"/etc/grafana/provisioning/{file.parent.name}" in targets, file.name
        wanted |= set(re.findall(r"\$\{(MOMENTS_\w+)\}", file.read_text()))
    assert wanted <= environment(SERVICES["grafana"], secrets).keys()


def test_both_compose_files_start_the_same_versions() -> None:
    boards = yaml.safe_load((ROOT / "grafana" / "compose.yaml").read_text())["services"]
    for name, service in boards.items():
        assert service["image"] == SERVICES[name]["image"]
    plugins = "GF_PLUGINS_PREINSTALL_SYNC"
    assert boards["grafana"]["environment"][plugins] == SERVICES["grafana"]["environment"][plugins]


def test_topics_named_in_operations_exist() -> None:
    topics = Topics()
    named = set(re.findall(r"`(moments\.[a-z-]+)", (ROOT / "docs" / "operations.md").read_text()))
    real = {topics.events, topics.decisions, topics.dead_letters, topics.inbox}
    others = {"moments.example", "moments.status", "moments.line"}  # a file, a view, a type of event
    assert {topics.events, topics.dead_letters} <= named <= real | others


def test_every_verb_named_exists() -> None:
    verbs = {service["command"][0] for service in OURS.values()}
    verbs |= {re.search(r"bin/moments (\w+)", unit.read_text())[1] for unit in UNITS}
    assert verbs == {"serve", "relay", "project"}
    assert all(f"## moments {verb}" in reference() for verb in verbs)
    options = {word for service in OURS.values() for word in service["command"] if word.startswith("--")}
    assert all(f"`{option}" in reference() or option in reference() for option in options)


def write_names() -> set[str]:
    from deploy.secrets import contents

    return set(contents())


def test_secrets_are_made_once_and_differ(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    assert set(write(first)) == write_names()
    assert write(first) == []
    write(second)
    for name in write_names():
        assert (first / name).stat().st_mode & 0o777 == 0o600
        assert (first / name).read_text() != (second / name).read_text()
        assert name in TEXT
    (first / "grafana.env").unlink()
    with pytest.raises(FileExistsError):
        write(first)


def test_no_password_ships_and_only_three_ports_are_published() -> None:
    assert not re.search(r"(?i)(password|admin_key|token)\s*[:=]\s*\S", TEXT)
    assert [port for service in SERVICES.values() for port in service.get("ports", ())] == [
        "127.0.0.1:8080:8080",
        "127.0.0.1:8081:8080",
        "127.0.0.1:3000:3000",
    ]
    assert all(re.search(r":\d+\.\d", service["image"]) for service in SERVICES.values())


def test_every_path_that_the_image_copies_exists() -> None:
    copied = [words.split()[:-1] for words in re.findall(r"^COPY (?!--)(.+)$", DOCKERFILE, re.MULTILINE)]
    paths = {path for words in copied for path in words}
    ignored = set((ROOT / ".dockerignore").read_text().split())
    assert {"domain", "ingest", "projections", "api", "grafana", "moments", "requirements.lock"} <= paths
    assert all((ROOT / path).exists() and path not in ignored for path in paths), paths


def test_the_image_runs_as_nobody_in_particular() -> None:
    final = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    assert "USER moments" in final
    assert "useradd --system --uid 10001" in final
    assert final.index("USER moments") < final.index("ENTRYPOINT")
    assert "chown" not in final
    assert "root" not in final
