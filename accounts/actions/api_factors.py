"""Binding an authenticator app from the wallet's own app. The seed waits, sealed, with who asked; we keep nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from accounts import step_up
from accounts.actions.factors import add_totp, refuse_too_many_apps
from accounts.errors import EnrolmentOver
from accounts.models import TotpDevice, User
from accounts.sealed_states import seal, unseal
from accounts.two_factor.codes import new_seed
from accounts.two_factor.enrolment import provisioning_uri
from wallet_site.actor import Actor

ENROLMENT_LIFETIME: Final = timedelta(minutes=10)
_PURPOSE: Final = "totp_enrolment"


@dataclass(frozen=True, slots=True)
class NewApp:
    """A seed for an authenticator app, for people and as the `otpauth:` address, and what to bring back with a code."""

    enrolment: str
    seed: str
    uri: str
    expires_in: int


def begin_totp(user: User, *, bearer: str, actor: Actor) -> NewApp:
    """A fresh seed for `bearer` alone; nothing counts before its first code. Raises like `add_totp`."""
    step_up.require(actor)
    refuse_too_many_apps(user)
    seed = new_seed()
    return NewApp(
        enrolment=seal(_PURPOSE, holder=bearer, lifetime=ENROLMENT_LIFETIME, seed=seed),
        seed=seed,
        uri=provisioning_uri(seed, user.email),
        expires_in=int(ENROLMENT_LIFETIME.total_seconds()),
    )


def finish_totp(user: User, *, enrolment: str, code: str, name: str, bearer: str, actor: Actor) -> TotpDevice:
    """`add_totp` for a seed of `begin_totp`. A repeat after success raises `AppKnown`; also raises `EnrolmentOver`."""
    facts = unseal(enrolment, _PURPOSE, holder=bearer)
    if facts is None:
        raise EnrolmentOver
    return add_totp(user, seed=facts["seed"], code=code, name=name, actor=actor)
