"""Readers of the environment that fail loudly.

Every setting that may differ between machines is read here, by name, once. A missing or weak value in production
raises `ImproperlyConfigured` before anything is served; nothing has a silent insecure default.
"""

from __future__ import annotations

import base64
import enum
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

_env = environ.Env()

# Values that the repository or a tutorial has shown to the world. A secret that contains one is no secret.
_KNOWN_VALUES = ("insecure", "changeme", "change-me", "development", "example", "secret-key", "password")
MINIMUM_SECRET_CHARACTERS = 32
# Of the 32 bytes of a key; random ones have about 30.
MINIMUM_DIFFERENT_BYTES = 20


class Mode(enum.Enum):
    """What this process is for. Production is what you get without saying anything."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"
    TEST = "test"


def mode() -> Mode:
    """The mode named by `KAKEHASHI_MODE`; production when it is not set."""
    name = _env.str("KAKEHASHI_MODE", default=Mode.PRODUCTION.value)
    try:
        return Mode(name)
    except ValueError:
        known = ", ".join(member.value for member in Mode)
        raise ImproperlyConfigured(f"KAKEHASHI_MODE is {name!r}; it must be one of: {known}.") from None


def required(name: str) -> str:
    """The value of `name`, which must be set and not be empty."""
    value: str = _env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. `make run` sets everything for development; for production see README, "
            "'Running it for real'."
        )
    return value


def secret(name: str, *, strong: bool) -> str:
    """A required secret; with `strong` a short or well-known one is refused."""
    value = required(name)
    if strong:
        refuse_weak(name, value)
    return value


def refuse_weak(name: str, value: str) -> None:
    """Raise when `value` could be guessed: too short, too repetitive, or one the world has seen."""
    if len(value) < MINIMUM_SECRET_CHARACTERS:
        raise ImproperlyConfigured(f"{name} has fewer than {MINIMUM_SECRET_CHARACTERS} characters.")
    if len(set(value)) < 10 or any(known in value.lower() for known in _KNOWN_VALUES):
        raise ImproperlyConfigured(f"{name} is a value that can be guessed; make a new random one.")


def older_secrets(name: str, *, strong: bool) -> list[str]:
    """Secrets that were in force before and still open what they sealed; they must be as strong as today's."""
    values = names(name, [])
    for value in values if strong else ():
        refuse_weak(name, value)
    return values


def encryption_keys(name: str, *, strong: bool = False) -> list[str]:
    """Fernet keys, newest first: the first encrypts, all decrypt. With `strong` a typed-in pattern is refused."""
    keys = [key.strip() for key in required(name).split(",") if key.strip()]
    if not keys:
        raise ImproperlyConfigured(f"{name} holds no key.")
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} holds something that is no Fernet key (32 bytes, urlsafe base64)."
            ) from None
        if strong and len(set(base64.urlsafe_b64decode(key))) < MINIMUM_DIFFERENT_BYTES:
            raise ImproperlyConfigured(f"{name} holds a key that can be guessed; make a new random one.")
    return keys


def text(name: str, default: str) -> str:
    """A plain optional value."""
    value: str = _env.str(name, default=default)
    return value


def one_of(name: str, known: tuple[str, ...], default: str) -> str:
    """An optional value out of a few; any other is refused, naming them."""
    value = text(name, default)
    if value not in known:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be one of: {', '.join(known)}.")
    return value


def integer(name: str, default: int) -> int:
    """An optional whole number."""
    value: int = _env.int(name, default=default)
    return value


def whole_numbers(name: str) -> dict[str, int]:
    """Optional named numbers as a JSON object; anything else in it is refused."""
    given = text(name, "{}")
    try:
        values = json.loads(given)
    except ValueError:
        values = None
    if not isinstance(values, dict) or any(type(value) is not int for value in values.values()):
        raise ImproperlyConfigured(f"{name} is {given!r}; it must be a JSON object of whole numbers.")
    return values


def boolean(name: str, default: bool) -> bool:
    """An optional yes or no."""
    value: bool = _env.bool(name, default=default)
    return value


def names(name: str, default: list[str]) -> list[str]:
    """A comma-separated list."""
    value: list[str] = _env.list(name, default=default)
    return value


def folder(name: str, default: Path) -> Path:
    """A folder's path."""
    return Path(text(name, str(default)))


def database(name: str, fallback: Callable[[], str] | None = None) -> dict[str, object]:
    """Django's settings of one database, from a URL such as `postgresql://role:password@host/name`.

    A unix socket is written as the host, percent-encoded: `postgresql://role@%2Frun%2Fpostgres/name`.
    """
    url = text(name, "") or (fallback() if fallback else "") or required(name)
    config: dict[str, object] = dict(_env.db_url_config(url))
    if config.get("ENGINE") != "django.db.backends.postgresql":
        raise ImproperlyConfigured(
            f"{name} must be a postgresql:// URL: the books rest on PostgreSQL's guards."
        )
    config["HOST"] = unquote(str(config.get("HOST", "")))
    return config


def email(name: str, default: str) -> dict[str, object]:
    """Django's mail settings from a URL such as `smtp+tls://user:password@host:587`."""
    config: dict[str, object] = dict(_env.email_url_config(text(name, default)))
    return config
