"""Becoming a customer: address, code, name and password, second factor, recovery codes; then everything at once.

Until the last step only a `SignUp` row exists. An address that has an account walks the same steps to the same
answers, but no code is ever right for it, and its owner is told (requirement 5). The second factor's step is in
`sign_up_factors`. A password is chosen with a passkey too: it is one of the two proofs that bring a lost passkey back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import events, limits
from accounts.actions.sign_up_factors import confirmed, has_factor, locked, still_open, write_factor
from accounts.addresses import read_email
from accounts.errors import AddressTaken, SignUpOver
from accounts.mail_codes import LIFETIME, MAXIMUM_TRIES, WrongMailCode, code_digest, new_code
from accounts.models import SignUp, User
from accounts.password_rules import refuse_weak
from accounts.two_factor.codes import new_seed, write_recovery_codes
from accounts.two_factor.methods import FactorProof
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.crypto import encrypt, equal
from wallet_site.errors import FieldError, InvalidInput
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

SIGN_UP_LIFETIME: Final = timedelta(hours=1)
MAXIMUM_NAME: Final = 120


def begin_sign_up(email: str, *, language: str, actor: Actor) -> SignUp:
    """Send a code to `email` and start a sign-up that expires in an hour.

    Raises `InvalidInput` for what is no address, `TooManyTries` past five codes an hour for one address. The answer
    for an address that has an account is the same.
    """
    address = read_email(email)
    limits.SIGN_UP_NETWORK.take(limits.network_key(actor.network))
    limits.SIGN_UP_ADDRESS.take(address)
    now = timezone.now()
    with recorded(actor):
        SignUp.objects.filter(expires_at__lt=now - SIGN_UP_LIFETIME, user=None).delete()
        sign_up = SignUp.objects.create(email=address, language=language, expires_at=now + SIGN_UP_LIFETIME)
        _send_code(sign_up, actor)
    return sign_up


def resend_code(sign_up_id: UUID, *, actor: Actor) -> SignUp:
    """Send a new code; the one before dies. Raises `SignUpOver`, or `TooManyTries` past five codes an hour."""
    email = still_open(SignUp.objects.filter(pk=sign_up_id).first()).email
    limits.SIGN_UP_NETWORK.take(limits.network_key(actor.network))
    limits.SIGN_UP_ADDRESS.take(email)
    with recorded(actor):
        sign_up = locked(sign_up_id)
        _send_code(sign_up, actor)
    return sign_up


def _send_code(sign_up: SignUp, actor: Actor) -> None:
    """The same writes for a known address as for a new one: only which mail is owed differs."""
    code = new_code()
    known = User.objects.filter(email=sign_up.email).exists()
    sign_up.code_digest = None if known else code_digest(code, sign_up.pk)
    sign_up.code_sent_at = timezone.now()
    sign_up.code_tries = 0
    sign_up.save(update_fields=["code_digest", "code_sent_at", "code_tries"])
    owe(
        events.KNOWN_ADDRESS if known else events.SIGN_UP_CODE,
        key=f"sign-up:{sign_up.pk}:{sign_up.code_sent_at.timestamp()}",
        payload={
            "sign_up_id": str(sign_up.pk),
            "address": sign_up.email,
            "language": sign_up.language,
            "sealed_code": encrypt("" if known else code),
            "valid_until": (sign_up.code_sent_at + LIFETIME).isoformat(),
            "origin": events.origin(actor),
        },
        priority="security",
    )


def confirm_address(sign_up_id: UUID, code: str, *, actor: Actor) -> SignUp:
    """Judge the code from the mail. Raises `WrongMailCode` (counted; the sixth try is refused unseen), `SignUpOver`."""
    limits.MAIL_CODE_NETWORK.take(limits.network_key(actor.network))
    with recorded(actor):
        sign_up = locked(sign_up_id)
        right = _is_right(sign_up, code)
        if right:
            sign_up.email_confirmed_at = timezone.now()
            sign_up.code_digest = None
        else:
            sign_up.code_tries += 1
        sign_up.save(update_fields=["email_confirmed_at", "code_digest", "code_tries"])
    if not right:
        raise WrongMailCode
    return sign_up


def _is_right(sign_up: SignUp, code: str) -> bool:
    if sign_up.code_sent_at is None or sign_up.code_tries >= MAXIMUM_TRIES:
        return False
    if timezone.now() - sign_up.code_sent_at > LIFETIME:
        return False
    given = code_digest(re.sub(r"[\s-]", "", code), sign_up.pk)
    return sign_up.code_digest is not None and equal(bytes(sign_up.code_digest), given)


def describe_person(sign_up_id: UUID, *, full_name: str, password: str, actor: Actor) -> SignUp:
    """Keep name and password for the account to come, and make the seed of an authenticator app.

    Raises `InvalidInput` with every reason against the name or the password. A repeat makes a new seed, and what was
    proven of a second factor before no longer counts.
    """
    name = read_name(full_name)
    sign_up = still_open(SignUp.objects.filter(pk=sign_up_id).first())
    refuse_weak(password, User(email=sign_up.email, full_name=name))
    hashed = make_password(password)
    with recorded(actor):
        sign_up = confirmed(locked(sign_up_id))
        sign_up.full_name, sign_up.password_hash = name, hashed
        sign_up.totp_seed, sign_up.totp_step, sign_up.passkey = new_seed(), None, None
        sign_up.recovery_codes = None
        sign_up.save()
    return sign_up


def read_name(text: str, *, pointer: str = "/full_name") -> str:
    """A person's name: one line, no address. It is printed in mails, so it can hold neither headers nor links."""
    name = " ".join(text.split())
    if not name or len(name) > MAXIMUM_NAME:
        raise InvalidInput(errors=[FieldError(pointer, _("Enter your name."), "no-name")])
    if not name.isprintable() or re.search(r"[<>@/\\{}]|www\.", name, re.IGNORECASE):
        raise InvalidInput(
            errors=[
                FieldError(
                    pointer, _("Enter your name as people write it, without signs or addresses."), "name"
                )
            ]
        )
    return name


@dataclass(frozen=True, slots=True)
class OpenedAccount:
    """The new customer and the proof with which the first session starts."""

    user: User
    proof: FactorProof


def open_account(sign_up_id: UUID, *, actor: Actor) -> OpenedAccount:
    """Person, second factor and recovery codes in one transaction, once all is proven and the codes are saved.

    The wallet and the welcome follow by the database's triggers. Raises `SignUpOver` when something is unproven or
    the account exists, `AddressTaken` when somebody else opened one with this address meanwhile, `PasskeyKnown` when
    the passkey has got onto file meanwhile.
    """
    try:
        with recorded(actor):
            return _write_account(locked(sign_up_id), actor)
    except IntegrityError as error:
        raise AddressTaken from error


def _write_account(sign_up: SignUp, actor: Actor) -> OpenedAccount:
    confirmed(sign_up)
    if not has_factor(sign_up) or not sign_up.recovery_codes:
        raise SignUpOver
    user = User.objects.create_customer(
        email=sign_up.email,
        full_name=sign_up.full_name,
        password_hash=sign_up.password_hash,
        language=sign_up.language,
    )
    proof = write_factor(sign_up, user, actor)
    write_recovery_codes(user, sign_up.recovery_codes.split("\n"))
    sign_up.user, sign_up.password_hash, sign_up.passkey = user, "", None
    sign_up.totp_seed, sign_up.recovery_codes, sign_up.code_digest = None, None, None
    sign_up.save()
    data = {"factor": proof.method}
    record("accounts:account:opened", actor=actor, subject=user, user_id=user.pk, data=data)
    return OpenedAccount(user, proof)
