"""Reading a typed address, and showing one without giving it away."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError

from accounts.models.users import canonical_email
from wallet_site.errors import FieldError, InvalidInput


def read_email(text: str, *, pointer: str = "/email") -> str:
    """The canonical form of a typed address; `InvalidInput` for what is none (Unicode twins included)."""
    try:
        return canonical_email(text)
    except ValidationError as error:
        raise InvalidInput(
            errors=[FieldError(pointer, text, "not-an-address") for text in error.messages]
        ) from error


def mask_email(address: str) -> str:
    """ "aya.sato@example.com" -> "ay•••••@e••••••.com": enough to recognise one's own, not to learn another's."""
    local, _at, domain = address.partition("@")
    name, _dot, ending = domain.rpartition(".")
    return f"{_masked(local, keep=2)}@{_masked(name, keep=1)}.{ending}" if name else _masked(address, keep=1)


def mask_phone(number: str) -> str:
    """ "+819012345678" -> "+81•••••678"."""
    return number[:3] + "•" * max(0, len(number) - 6) + number[-3:] if len(number) > 6 else "•" * len(number)


def mask(value: str) -> str:
    """An address or number masked; a device's name, which its owner chose, without what could pass for a link."""
    if re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        return mask_email(value)
    if value.startswith("+") and value[1:].isdigit():
        return mask_phone(value)
    return " ".join(re.sub(r"[<>@/\\:]|www\.", " ", value).split())


def _masked(text: str, *, keep: int) -> str:
    shown = text[: min(keep, max(1, len(text) - 1))]
    return shown + "•" * max(3, len(text) - len(shown))
