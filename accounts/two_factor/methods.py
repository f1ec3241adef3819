"""Which second factors there are, which of them somebody has, and how one was proven."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db.models import BooleanField, CharField, F, Value

from accounts.models import Passkey, RecoveryCode, RecoveryCodeSet, TotpDevice, User

Method = Literal["passkey", "totp", "recovery_code"]


@dataclass(frozen=True, slots=True)
class FactorProof:
    """What was proven: the device, for django-otp's session, and the method's name."""

    device: Passkey | TotpDevice | RecoveryCodeSet
    method: Method


def factors_of(user_id: int) -> list[Method]:
    """The methods with which this person can prove a second factor now, the strongest first. One query for each."""
    ways: dict[Method, bool] = {
        "passkey": Passkey.objects.filter(user_id=user_id, confirmed=True).exists(),
        "totp": TotpDevice.objects.filter(user_id=user_id, confirmed=True).exists(),
        "recovery_code": RecoveryCode.objects.filter(
            code_set__user_id=user_id, code_set__confirmed=True, used_at=None
        ).exists(),
    }
    return [name for name, is_there in ways.items() if is_there]


@dataclass(frozen=True, slots=True)
class Factor:
    """A passkey or an authenticator app as its owner sees it. `synced`: its maker keeps it on all their devices."""

    method: Method
    public_id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None
    synced: bool


def list_factors(user: User) -> list[Factor]:
    """Passkeys first, then apps, the oldest first. Recovery codes are no factor but the spare of one. One query."""
    columns = ("kind", "public_id", "name", "created_at", "last_used_at", "is_synced")
    passkeys = Passkey.objects.filter(user=user, confirmed=True).annotate(
        kind=Value("passkey", CharField()), is_synced=F("backup_state")
    )
    apps = TotpDevice.objects.filter(user=user, confirmed=True).annotate(
        kind=Value("totp", CharField()), is_synced=Value(False, BooleanField())
    )
    rows = passkeys.order_by().values_list(*columns).union(apps.order_by().values_list(*columns), all=True)
    return [Factor(*row) for row in rows.order_by("kind", "created_at", "public_id")]


def find_factor(user: User, public_id: UUID) -> Passkey | TotpDevice | None:
    """The person's own passkey or app of that id; somebody else's is none."""
    for kind in (Passkey, TotpDevice):
        device: Passkey | TotpDevice | None = kind.objects.filter(
            user=user, public_id=public_id, confirmed=True
        ).first()
        if device is not None:
            return device
    return None


def some_device_of(user_id: int) -> Passkey | TotpDevice | None:
    """One of the person's real factors, for a session whose own was removed."""
    for kind in (Passkey, TotpDevice):
        device: Passkey | TotpDevice | None = kind.objects.filter(user_id=user_id, confirmed=True).first()
        if device is not None:
            return device
    return None
