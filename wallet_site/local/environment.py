"""What every part of the portal reads from its environment on a developer's machine."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from wallet_site.local.places import ROOT, Places
from wallet_site.local.postgres import OWNER, Postgres
from wallet_site.local.processes import LocalError
from wallet_site.local.valkey import Valkey

SECRETS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "LOOKUP_KEY": lambda: secrets.token_urlsafe(48),
    "FIELD_ENCRYPTION_KEYS": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    "SANDBOX_API_KEY": lambda: secrets.token_urlsafe(32),
    "SANDBOX_WEBHOOK_SECRET": lambda: secrets.token_urlsafe(32),
    "METRICS_TOKEN": lambda: secrets.token_urlsafe(32),
}


@dataclass(frozen=True)
class Choice:
    """What the person who starts the portal has said: ports, folder, servers of their own."""

    data: Path
    port: int
    sandbox_port: int
    public_url: str
    sandbox_url: str
    database_url: str
    redis_url: str

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Choice:
        port = _port(environment.get("PORT") or "8000", "PORT")
        given_sandbox = environment.get("SANDBOX_URL", "").rstrip("/")
        # Ten above ours, so that a second checkout needs one other PORT and no more.
        sandbox_port = environment.get("SANDBOX_PORT") or str(urlsplit(given_sandbox).port or port + 10)
        return cls(
            data=Path(environment.get("DATA_DIR") or ROOT / ".data").absolute(),
            port=port,
            sandbox_port=_port(sandbox_port, "SANDBOX_PORT"),
            public_url=(environment.get("PUBLIC_URL") or f"http://localhost:{port}").rstrip("/"),
            sandbox_url=given_sandbox or f"http://localhost:{sandbox_port}",
            database_url=environment.get("DATABASE_URL", ""),
            redis_url=environment.get("REDIS_URL", ""),
        )


def _port(text: str, name: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise LocalError(f"{name} is {text!r}, which names no port.")
    return int(text)


def for_parts(
    choice: Choice, places: Places, postgres: Postgres | None, valkey: Valkey | None
) -> dict[str, str]:
    """The environment of every part: servers of our own, what the person has set, kept random secrets."""
    ours = {
        "DJANGO_SETTINGS_MODULE": "wallet_site.settings",
        "DATA_DIR": str(places.data),
        "STATIC_ROOT": str(places.data / "static"),
        "PUBLIC_URL": choice.public_url,
        "SANDBOX_URL": choice.sandbox_url,
        "EXTRA_HOSTS": "localhost,127.0.0.1",  # The sandbox calls here, whatever PUBLIC_URL says.
        "PYTHONUNBUFFERED": "1",
        "CELERY_SKIP_CHECKS": "true",  # Django's checks have their place in `make check`; here they cost seconds.
        **kept_secrets(places.data / "secrets.json"),
    }
    servers: dict[str, str] = {}
    if postgres is not None:
        servers |= {"DATABASE_URL": postgres.url(), "DATABASE_OWNER_URL": postgres.url(OWNER)}
    if valkey is not None:
        servers |= {"REDIS_URL": valkey.url(0), "CELERY_BROKER_URL": valkey.broker_url(1)}
    given = {name: value for name, value in os.environ.items() if value}
    return {**ours, **given, **servers, "KAKEHASHI_MODE": "development"}


def kept_secrets(path: Path) -> dict[str, str]:
    """Random values that are made once and kept, readable by us alone: data encrypted today opens tomorrow."""
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = {name: make() for name, make in SECRETS.items() if name not in kept}
    if missing:
        kept |= missing
        unfinished = path.with_suffix(".unfinished")
        with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            json.dump(kept, file, indent=1)
        unfinished.rename(path)
    return kept
