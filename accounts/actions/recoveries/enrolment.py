"""The end of every recovery: a new authenticator app, new recovery codes, and nothing left of what was lost.

Whoever holds the key that the proofs gave walks the last two steps of a sign-up. It signs nobody in: the new factor is
first asked for at the sign-in.
"""

from __future__ import annotations

import re

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actions.recoveries.steps import guarded_steps, lock_recovery, recoverer
from accounts.actions.sign_ins import write_device_revocations, write_ends
from accounts.errors import RecoveryOver, WrongCode
from accounts.models import FactorGuesses, Passkey, Recovery, RecoveryCodeSet, RecoveryState, TotpDevice, User
from accounts.recovery_links import key_digest
from accounts.two_factor.codes import matching_step, new_recovery_codes, write_recovery_codes
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import FieldError
from wallet_site.transactions import recorded


def enrolling(key: str) -> Recovery | None:
    """The recovery that this key sets a new factor up for, while its time lasts."""
    return (
        Recovery.objects.select_related("user")
        .filter(key_digest=key_digest(key), state=RecoveryState.ENROLLING, expires_at__gt=timezone.now())
        .first()
        if key
        else None
    )


def prove_app(key: str, code: str, *, actor: Actor) -> Recovery:
    """Check the first code of the new app and make the recovery codes that come with it. A repeat keeps the codes.

    Raises `WrongCode` (nothing is counted: the seed is the asker's own) and `RecoveryOver`.
    """
    with guarded_steps(), recorded(recoverer_with(key, actor)):
        recovery = lock_recovery(key_digest=key_digest(key), state=RecoveryState.ENROLLING)
        digits = re.sub(r"[\s-]", "", code)
        seed = recovery.totp_seed or ""
        step = matching_step(seed, int(digits)) if re.fullmatch(r"[0-9]{6}", digits) else None
        if step is None:
            raise WrongCode(errors=[FieldError("/code", WrongCode.detail, WrongCode.code)])
        if recovery.recovery_codes is None:
            recovery.recovery_codes = "\n".join(new_recovery_codes())
        recovery.totp_step = step
        recovery.save(update_fields=["totp_step", "recovery_codes"])
    return recovery


def finish(key: str, *, actor: Actor) -> User:
    """Put the new factor in the place of every old one, with the new codes and, where it was lost, the new password.

    One transaction. By triggers every address is told of each change and of the recovery, everything that was signed in
    is out, limits stay low for 72 hours. Raises `RecoveryOver`; a repeat finds it over.
    """
    customer = recoverer_with(key, actor)
    with guarded_steps(), recorded(customer):
        recovery = lock_recovery(key_digest=key_digest(key), state=RecoveryState.ENROLLING)
        if recovery.totp_step is None or not recovery.recovery_codes or not recovery.totp_seed:
            raise RecoveryOver
        user = recovery.user
        _complete(recovery)
        _replace_factors(user, recovery.totp_seed, recovery.totp_step, recovery.recovery_codes.split("\n"))
        if recovery.password_hash:
            user.password = recovery.password_hash
            user.save(update_fields=["password"])
        write_ends(user, why="recovery")
        write_device_revocations(user, why="recovery")
        record(
            "accounts:recovery:completed",
            actor=customer,
            subject=recovery,
            user_id=user.pk,
            data={"way": recovery.way, "password_lost": recovery.password_lost},
        )
    return user


def _complete(recovery: Recovery) -> None:
    """Before anything is changed: an open recovery ends with the first change of a credential."""
    Recovery.objects.filter(pk=recovery.pk).update(state=RecoveryState.COMPLETED)


def _replace_factors(user: User, seed: str, step: int, codes: list[str]) -> None:
    FactorGuesses.objects.bulk_create([FactorGuesses(user=user)], ignore_conflicts=True)
    guesses = FactorGuesses.objects.select_for_update().get(user=user)
    TotpDevice.objects.filter(user=user).delete()
    Passkey.objects.filter(user=user).delete()
    RecoveryCodeSet.objects.filter(user=user).delete()
    TotpDevice.objects.create(
        user=user,
        name=_("Authenticator app"),
        confirmed=True,
        seed=seed,
        last_step=step,
        last_used_at=timezone.now(),
    )
    write_recovery_codes(user, codes)
    guesses.in_a_row = guesses.in_window = 0
    guesses.window_started_at = None
    guesses.save()


def recoverer_with(key: str, actor: Actor) -> Actor:
    """The customer whose recovery this key is for; for an unknown key whoever asks."""
    recovery = enrolling(key)
    return recoverer(recovery.user_id, actor) if recovery else actor
