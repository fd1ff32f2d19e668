"""The settings: one typed class; command line over environment over moments.toml over defaults.

Every field is a setting: its environment variable is MOMENTS_ and its name in capitals, its key in
moments.toml its name. moments.example.toml lists them all and is tested against this class.
"""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from moments.errors import SettingRefused

PREFIX = "MOMENTS_"
TOML = Path("moments.toml")
ADMIN_KEY_LENGTH = 32
MOST_LOGS = 9999

Port = Annotated[int, Field(ge=0, le=65535)]
Count = Annotated[int, Field(ge=1)]


class Settings(BaseSettings):
    """One installation's settings. Descriptions say what a setting does; `allowed` what a value may be."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, validate_default=True)

    data: Path = Field(
        Path("data"), description="the data folder: log, vault, keys, ClickHouse files, run file"
    )
    host: str = Field(
        "127.0.0.1",
        description="the address to listen on; beyond loopback only once a key exists",
        json_schema_extra={"allowed": "an IP address or a host name"},
    )
    port: Port = Field(
        8080,
        description="the port to listen on; 0 takes a free one",
        json_schema_extra={"allowed": "a whole number from 0 to 65535"},
    )
    admin_key: SecretStr | None = Field(
        None,
        description="sets the admin key, instead of one made and shown at the first start",
        json_schema_extra={"allowed": f"{ADMIN_KEY_LENGTH} characters or more"},
    )
    url: str | None = Field(
        None,
        description="a running platform, for verbs that talk to one; absent: the data folder's",
        json_schema_extra={"allowed": "http://HOST:PORT or https://HOST:PORT"},
    )
    key: SecretStr | None = Field(None, description="the API key those verbs use")
    free_disk_mib: int = Field(
        1024,
        ge=0,
        description="free disk, in MiB, below which the door takes nothing more and answers 503",
        json_schema_extra={"allowed": "a whole number, 0 or more"},
    )
    ack: Literal["log", "kafka"] = Field(
        "log",
        description="whose word a producer waits for: the log's fsync or (server mode) the broker's",
        json_schema_extra={"allowed": "log or kafka"},
    )
    log_url: SecretStr | None = Field(
        None,
        description="the log's database, for several doors; absent: SQLite in the data folder",
        json_schema_extra={"allowed": "postgresql://user:password@host:port/database"},
    )
    log_no: Annotated[int, Field(ge=1, le=MOST_LOGS)] | None = Field(
        None,
        description="the log's number, which begins positions; absent: as the log has it, 1 for a new one",
        json_schema_extra={"allowed": f"a whole number from 1 to {MOST_LOGS}"},
    )
    kafka_bootstrap: str | None = Field(None, description="the Kafka brokers (server mode); absent: embedded")
    kafka_user: str | None = Field(None, description="the user at the brokers, SASL SCRAM-SHA-512")
    kafka_password: SecretStr | None = Field(None, description="that user's password")
    kafka_tls: bool = Field(False, description="whether the brokers are spoken to over TLS")
    kafka_ca: Path | None = Field(
        None, description="certificates to trust at the brokers, instead of the system's"
    )
    kafka_prefix: str = Field(
        "moments",
        description="the beginning of the topics' names, to keep installations on one broker apart",
        pattern=r"^[a-zA-Z0-9._-]{1,100}$",
        json_schema_extra={"allowed": "letters, digits, dots, dashes"},
    )
    kafka_partitions: Count = Field(12, description="partitions of the events' topic when the relay makes it")
    kafka_replication: int = Field(
        -1,
        ge=-1,
        description="replicas of the topics when the relay makes them; -1: as the brokers are set",
        json_schema_extra={"allowed": "a whole number, or -1"},
    )
    kafka_session_s: float = Field(
        15.0,
        ge=1,
        le=300,
        description="seconds of silence after which a projector's partitions go to the others",
        json_schema_extra={"allowed": "a number from 1 to 300; the brokers have bounds of their own"},
    )
    inbox: str | None = Field(
        None,
        description="inbox topics the door reads, with the sites each may name: NAME=SITE+SITE,NAME=*",
        json_schema_extra={"allowed": "NAME=SITE+SITE or NAME=*, several separated by commas"},
    )
    metrics_port: Port | None = Field(
        None, description="where relay and project show /metrics and /healthz, on `host`; absent: nowhere"
    )
    clickhouse_url: SecretStr | None = Field(
        None,
        description="http://user:password@host:8123/moments (server mode); absent: chDB in the data folder",
    )
    grafana_url: str | None = Field(None, description="the Grafana that boards are published to")
    grafana_token: SecretStr | None = Field(None, description="its service account token")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        description="the least important line that the platform writes to stderr",
        json_schema_extra={"allowed": "debug, info, warning or error"},
    )

    @field_validator("admin_key")
    @classmethod
    def _long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < ADMIN_KEY_LENGTH:
            raise ValueError(f"must have {ADMIN_KEY_LENGTH} characters or more")
        return key

    @field_validator("log_url")
    @classmethod
    def _database(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must begin with postgresql://")
        return url

    @field_validator("url", "grafana_url")
    @classmethod
    def _web_address(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return url.rstrip("/") if url else url

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` passes: it asks the sources one by one, to know where each value came from.

        The unused parameters are the signature that pydantic-settings calls.
        """
        return (init_settings,)

    @property
    def loopback_only(self) -> bool:
        """Whether the address can be reached from this machine only."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True)
class Loaded:
    """The settings in force and, by name, where each came from."""

    settings: Settings
    origins: Mapping[str, str]

    def shown(self) -> list[tuple[str, str, str]]:
        """(name, value, origin) of every setting, secrets masked."""
        rows = []
        for name in Settings.model_fields:
            value = getattr(self.settings, name)
            text = "" if value is None else "********" if isinstance(value, SecretStr) else str(value)
            rows.append((name, text, self.origins.get(name, "default")))
        return rows

    def environment(self) -> dict[str, str]:
        """The settings in force as environment variables: how a child process gets exactly these."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        for name in Settings.model_fields:
            value = getattr(self.settings, name)
            if value is not None:
                plain = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
                inherited[PREFIX + name.upper()] = plain
        return inherited


def load(flags: Mapping[str, Any] | None = None, toml: Path | None = None) -> Loaded:
    """The settings of this process; `flags` are the command line's (None where not given).

    Raises SettingRefused with the setting's name, its value and what is allowed.
    """
    file = toml or Path(os.environ.get(PREFIX + "CONFIG", TOML))
    if toml is None and PREFIX + "CONFIG" in os.environ and not file.is_file():
        raise SettingRefused(f"{PREFIX}CONFIG: there is no file {file}")
    try:
        from_file = TomlConfigSettingsSource(Settings, file)() if file.is_file() else {}
    except ValueError as fault:
        raise SettingRefused(f"{file}: not a TOML file: {fault}") from fault
    layers = (
        (str(file), from_file),
        ("environment", EnvSettingsSource(Settings)()),
        ("command line", {name: value for name, value in (flags or {}).items() if value is not None}),
    )
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, layer in layers:
        for name, value in layer.items():
            values[name], origins[name] = value, origin
    try:
        return Loaded(Settings(**values), origins)
    except ValidationError as refused:
        raise SettingRefused(_one_line(refused, origins)) from refused


def _one_line(refused: ValidationError, origins: Mapping[str, str]) -> str:
    """The first fault: the setting as the user wrote it, its value, what is allowed."""
    fault = refused.errors()[0]
    name = str(fault["loc"][0])
    origin = origins.get(name, "default")
    shown = PREFIX + name.upper() if origin == "environment" else f"{name} ({origin})"
    if fault["type"] == "extra_forbidden":
        return f"{shown}: there is no such setting; `moments config` lists them"
    field = Settings.model_fields[name]
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    allowed = extra.get("allowed") or fault["msg"].removeprefix("Value error, ")
    secret = "SecretStr" in str(field.annotation)
    value = "this value" if secret else repr(fault["input"])
    return f"{shown}: {value} is not allowed; allowed: {allowed}"
