"""The second factor of somebody who is signing up: a passkey or an app, proven before there is an account.

Of the two the one that was proven last counts. Both come with recovery codes, which are made here and shown once.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django_otp_webauthn.models import WebAuthnUserHandle
from webauthn.helpers import base64url_to_bytes

from accounts.actions.factors import MAXIMUM_NAME
from accounts.errors import PasskeyKnown, SignUpOver, WrongCode
from accounts.models import Passkey, SignUp, TotpDevice, User
from accounts.two_factor.codes import matching_step, new_recovery_codes
from accounts.two_factor.methods import FactorProof
from accounts.two_factor.passkeys.ceremonies import (
    Asked,
    NewPasskey,
    Question,
    ask_to_register,
    judge_new,
    take,
)
from accounts.two_factor.passkeys.providers import name_for
from wallet_site.actor import Actor
from wallet_site.crypto import digest
from wallet_site.errors import FieldError
from wallet_site.transactions import recorded


def has_factor(sign_up: SignUp) -> bool:
    """Whether a second factor is proven: an app by its first code, or a passkey by its making."""
    return (sign_up.totp_step is not None and bool(sign_up.totp_seed)) or sign_up.passkey is not None


def prove_app(sign_up_id: UUID, code: str, *, actor: Actor) -> SignUp:
    """Check the first code of the new authenticator app and make the recovery codes. Raises `WrongCode`."""
    with recorded(actor):
        sign_up = _described(locked(sign_up_id))
        digits = re.sub(r"[\s-]", "", code)
        step = (
            matching_step(sign_up.totp_seed or "", int(digits)) if re.fullmatch(r"[0-9]{6}", digits) else None
        )
        if step is None:
            raise WrongCode(errors=[FieldError("/code", WrongCode.detail, WrongCode.code)])
        sign_up.totp_step, sign_up.passkey = step, None
        _save_proven(sign_up)
    return sign_up


def begin_passkey(sign_up_id: UUID) -> Asked:
    """The question with which an authenticator makes the passkey of the account to come. Raises `SignUpOver`."""
    sign_up = _described(still_open(SignUp.objects.filter(pk=sign_up_id).first()))
    return ask_to_register(_question(sign_up), user=_person_to_be(sign_up), handle=_handle(sign_up))


def prove_passkey(sign_up_id: UUID, *, ceremony: str, credential: str, actor: Actor) -> SignUp:
    """Keep the passkey with which an authenticator answered, and make the recovery codes.

    Raises `SignUpOver`, `PasskeyOver`, `WrongPasskey`, `PasskeyKnown` (also for somebody else's), `Unavailable`.
    """
    asked = _described(still_open(SignUp.objects.filter(pk=sign_up_id).first()))
    new = judge_new(take(ceremony, _question(asked), user=_person_to_be(asked)), credential)
    with recorded(actor):
        sign_up = _described(locked(sign_up_id))
        _refuse_known(new)
        sign_up.totp_step, sign_up.passkey = None, asdict(new)
        _save_proven(sign_up)
    return sign_up


def write_factor(sign_up: SignUp, user: User, actor: Actor) -> FactorProof:
    """The proven factor as one of `user`, inside the caller's transaction. Raises `PasskeyKnown`."""
    now = timezone.now()
    if sign_up.passkey is None:
        app = TotpDevice.objects.create(
            user=user,
            name=_("Authenticator app"),
            confirmed=True,
            seed=sign_up.totp_seed,
            last_step=sign_up.totp_step,
            last_used_at=now,
        )
        return FactorProof(app, "totp")
    new = NewPasskey(**sign_up.passkey)
    _refuse_known(new)
    # The handle that the authenticator keeps: by it the passkey will say whose it is.
    WebAuthnUserHandle.objects.create(user=user, handle_hex=_handle(sign_up).hex())
    passkey = new.for_person(user, name=name_for(new.aaguid, actor.device)[:MAXIMUM_NAME])
    passkey.last_used_at = now
    passkey.save(force_insert=True)
    return FactorProof(passkey, "passkey")


def _save_proven(sign_up: SignUp) -> None:
    if sign_up.recovery_codes is None:
        sign_up.recovery_codes = "\n".join(new_recovery_codes())
    sign_up.save(update_fields=["totp_step", "passkey", "recovery_codes"])


def _refuse_known(new: NewPasskey) -> None:
    known_as = hashlib.sha256(base64url_to_bytes(new.credential_id)).hexdigest()
    if Passkey.objects.filter(credential_id_sha256=known_as).exists():
        raise PasskeyKnown


def _question(sign_up: SignUp) -> Question:
    """Answered in that sign-up alone."""
    return Question("sign_up", f"sign-up:{sign_up.pk}")


def _person_to_be(sign_up: SignUp) -> User:
    """What the authenticator lists the passkey under; nobody in the database."""
    return User(email=sign_up.email, full_name=sign_up.full_name)


def _handle(sign_up: SignUp) -> bytes:
    """Who the person will be to authenticators: 32 bytes that say nothing about them, the same at every call."""
    return digest(str(sign_up.pk), "passkey-user-handle")


def locked(sign_up_id: UUID) -> SignUp:
    """The sign-up under its row's lock. Raises `SignUpOver`."""
    return still_open(SignUp.objects.select_for_update().filter(pk=sign_up_id).first())


def still_open(sign_up: SignUp | None) -> SignUp:
    """Raise `SignUpOver` for one that is none, has expired or is an account already."""
    if sign_up is None or sign_up.user_id is not None or sign_up.expires_at <= timezone.now():
        raise SignUpOver
    return sign_up


def confirmed(sign_up: SignUp) -> SignUp:
    """Raise `SignUpOver` before the address is confirmed."""
    if sign_up.email_confirmed_at is None:
        raise SignUpOver
    return sign_up


def _described(sign_up: SignUp) -> SignUp:
    """Raise `SignUpOver` before name and password are there too."""
    if not confirmed(sign_up).password_hash:
        raise SignUpOver
    return sign_up
