"""Checking a typed second factor: a TOTP code or a recovery code.

Everything happens under one row lock per person, in a transaction of its own: guesses are judged one after the other,
a right code is burnt and a wrong one counted exactly, under any number of parallel requests (requirements 9 and 17).
"""

from __future__ import annotations

import base64
import re
import secrets
import time
from datetime import datetime, timedelta
from typing import Final

from django.db.models.functions import Now
from django.utils import timezone
from django_otp.oath import TOTP

from accounts import events
from accounts.errors import FactorLocked, WrongCode
from accounts.models import FactorGuesses, RecoveryCode, RecoveryCodeSet, TotpDevice, User
from accounts.two_factor.methods import FactorProof, Method
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.crypto import digest
from wallet_site.errors import TooManyTries
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

# NIST SP 800-63B-4, 3.2.2 allows 100 in a row; we allow ten an hour of them.
GUESSES_AN_HOUR = 10
GUESSES_IN_A_ROW = 100
WINDOW = timedelta(hours=1)
TOTP_STEP_SECONDS = 30
TOTP_DRIFT_STEPS = 1
RECOVERY_CODES = 10
RECOVERY_CODE_BITS = 80

# What may be asked for where a spare is not enough.
EVERY_CODE: Final = frozenset[Method]({"totp", "recovery_code"})
APP_CODE: Final = frozenset[Method]({"totp"})
SPARE_CODE: Final = frozenset[Method]({"recovery_code"})


def check_code(
    user: User, code: str, *, actor: Actor, allowed: frozenset[Method] = EVERY_CODE
) -> FactorProof:
    """Judge one typed code of `user`; a code of a method that is not `allowed` is a wrong one, and is not used up.

    Raises `WrongCode` (counted), `TooManyTries` after ten wrong ones in an hour and `FactorLocked` after a hundred in
    a row; in the last two the code is not even looked at. A right code works once: a repeat is a wrong code.
    """
    with recorded(actor):
        verdict = _judge(user, code, actor, allowed)
    if isinstance(verdict, Exception):
        raise verdict
    return verdict


def check_recovery_code(user: User, code: str, *, actor: Actor) -> FactorProof:
    """Judge a code that must be a recovery code: the first of the proofs that bring a new factor.

    Like `check_code`, but looked at after a hundred wrong codes in a row too: binding a factor anew is what those ask
    for, and nobody guesses 80 bits. Ten tries an hour all the same.
    """
    with recorded(actor):
        verdict = _judge(user, code, actor, SPARE_CODE, is_bound_anew=True)
    if isinstance(verdict, Exception):
        raise verdict
    return verdict


def _judge(
    user: User, code: str, actor: Actor, allowed: frozenset[Method], *, is_bound_anew: bool = False
) -> FactorProof | Exception:
    guesses = _lock_guesses(user)
    now = timezone.now()
    if guesses.window_started_at is None or now - guesses.window_started_at >= WINDOW:
        guesses.window_started_at, guesses.in_window, guesses.refused_in_window = now, 0, 0
    if guesses.in_a_row >= GUESSES_IN_A_ROW and not is_bound_anew:
        return FactorLocked()
    if guesses.in_window >= GUESSES_AN_HOUR:
        guesses.refused_in_window += 1
        guesses.save()
        return TooManyTries(retry_after=int((guesses.window_started_at + WINDOW - now).total_seconds()) + 1)
    proof = _proof_by(user, _plain(code), allowed)
    if proof is None:
        guesses.in_a_row += 1
        guesses.in_window += 1
        owe_warning(user, actor, now)
        record(
            "accounts:factor:wrong_code", actor=actor, user_id=user.pk, data={"in_a_row": guesses.in_a_row}
        )
    else:
        # Only the new factor itself makes codes of an app count again.
        guesses.in_a_row = guesses.in_a_row if is_bound_anew else 0
        guesses.in_window = 0
        guesses.window_started_at = None
    guesses.save()
    return proof or WrongCode()


def owe_warning(user: User, actor: Actor, now: datetime) -> None:
    """Who types a second factor here has proven something else before: the owner should know (requirement 18).

    Equal failures within ten minutes are one notice: the same key is owed once.
    """
    ten_minutes = int(now.timestamp()) // 600
    owe(
        events.WRONG_FACTOR,
        key=f"wrong-factor:{user.pk}:{ten_minutes}",
        payload={"at": now.isoformat(), "origin": events.origin(actor)},
        user_id=user.pk,
        priority="security",
    )


def _lock_guesses(user: User) -> FactorGuesses:
    FactorGuesses.objects.bulk_create([FactorGuesses(user=user)], ignore_conflicts=True)
    return FactorGuesses.objects.select_for_update().get(user=user)


def _plain(code: str) -> str:
    return re.sub(r"[\s-]", "", code).upper()


def method_of(code: str) -> Method:
    """Which kind of code somebody has typed, by its looks: six digits are an app's."""
    return "recovery_code" if len(_plain(code)) > 8 else "totp"


def _proof_by(user: User, code: str, allowed: frozenset[Method]) -> FactorProof | None:
    if "totp" in allowed and re.fullmatch(r"[0-9]{6}", code):
        return _totp_proof(user, int(code))
    if "recovery_code" in allowed and re.fullmatch(r"[A-Z2-7]{16}", code):
        return _recovery_proof(user, code)
    return None


def _totp_proof(user: User, code: int) -> FactorProof | None:
    for device in TotpDevice.objects.select_for_update().filter(user=user, confirmed=True).order_by("pk"):
        step = matching_step(device.seed, code, after_step=device.last_step)
        if step is not None:
            TotpDevice.objects.filter(pk=device.pk).update(last_step=step, last_used_at=Now())
            return FactorProof(device, "totp")
    return None


def matching_step(seed: str, code: int, *, after_step: int = -1, at: float | None = None) -> int | None:
    """The time step whose code this is, within one step of drift and newer than `after_step`; else None."""
    totp = TOTP(base64.b32decode(seed), step=TOTP_STEP_SECONDS)
    totp.time = time.time() if at is None else at
    if totp.verify(code, tolerance=TOTP_DRIFT_STEPS, min_t=after_step + 1):
        return int(totp.t())
    return None


def _recovery_proof(user: User, code: str) -> FactorProof | None:
    used = RecoveryCode.objects.filter(
        code_set__user=user, code_set__confirmed=True, digest=recovery_digest(code), used_at=None
    ).update(used_at=Now())
    if not used:
        return None
    RecoveryCodeSet.objects.filter(user=user).update(last_used_at=Now())
    owned: RecoveryCodeSet = RecoveryCodeSet.objects.get(user=user)
    return FactorProof(owned, "recovery_code")


def recovery_digest(code: str) -> bytes:
    """How a recovery code lies in the database. 80 random bits need no slow hash."""
    return digest(_plain(code), "recovery-code")


def new_seed() -> str:
    """A TOTP seed: 160 random bits (RFC 4226, 4), base32."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def new_recovery_codes() -> list[str]:
    """Ten codes of 80 bits, in groups of four for people ("ABCD-EFGH-..."). Shown once, stored as digests."""
    codes = [
        base64.b32encode(secrets.token_bytes(RECOVERY_CODE_BITS // 8)).decode() for _ in range(RECOVERY_CODES)
    ]
    return ["-".join(code[i : i + 4] for i in range(0, 16, 4)) for code in codes]


def write_recovery_codes(user: User, codes: list[str]) -> RecoveryCodeSet:
    """Put a fresh set in the place of the old one, inside the caller's transaction. The trigger tells the owner."""
    RecoveryCodeSet.objects.filter(user=user).delete()
    code_set: RecoveryCodeSet = RecoveryCodeSet.objects.create(
        user=user, name="recovery codes", confirmed=True
    )
    RecoveryCode.objects.bulk_create(
        [RecoveryCode(code_set=code_set, digest=recovery_digest(code)) for code in codes]
    )
    return code_set
