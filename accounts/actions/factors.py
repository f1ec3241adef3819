"""Adding, naming and removing authenticator apps, making new recovery codes (requirements 12 and 14)."""

from __future__ import annotations

import re
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import step_up
from accounts.errors import AppKnown, LastFactor, TooManyFactors, WrongCode
from accounts.models import FactorGuesses, Passkey, TotpDevice, User
from accounts.two_factor.codes import matching_step, new_recovery_codes, write_recovery_codes
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import FieldError, InvalidInput, NotFound
from wallet_site.transactions import recorded

MAXIMUM_APPS: Final = 5
MAXIMUM_NAME: Final = 40


def add_totp(user: User, *, seed: str, code: str, name: str, actor: Actor) -> TotpDevice:
    """Enrol the authenticator app that `seed` was shown to, proven by its first code, which is burnt.

    By triggers every address is told and other sessions end. Raises `StepUpRequired`, `WrongCode`, `InvalidInput`,
    `TooManyFactors`, and `AppKnown` for a repeat: of any number at once with one seed one is bound.
    """
    step_up.require(actor)
    label = read_label(name)
    digits = re.sub(r"[\s-]", "", code)
    step = matching_step(seed, int(digits)) if re.fullmatch(r"[0-9]{6}", digits) else None
    if step is None:
        raise WrongCode(errors=[FieldError("/code", WrongCode.detail, WrongCode.code)])
    with recorded(actor):
        guesses = lock_factors(user)
        refuse_too_many_apps(user)
        # Seeds lie encrypted and cannot be searched; nobody has more than a few.
        if seed in TotpDevice.objects.filter(user=user).values_list("seed", flat=True):
            raise AppKnown
        device: TotpDevice = TotpDevice.objects.create(
            user=user, name=label, confirmed=True, seed=seed, last_step=step, last_used_at=timezone.now()
        )
        # Bound anew (requirement 17): who used the wrong codes up has not seen this app's.
        guesses.in_a_row = guesses.in_window = 0
        guesses.save()
        record("accounts:factor:added", actor=actor, subject=device, user_id=user.pk)
    return device


def remove_factor(device: TotpDevice | Passkey, *, actor: Actor) -> None:
    """Take a factor away. Raises `StepUpRequired`, `LastFactor` for the last one, `NotFound` when it is gone already.

    By triggers every address is told and other sessions end. Two at once leave one: removals wait for each other.
    """
    step_up.require(actor)
    with recorded(actor):
        lock_factors(device.user)
        rows = type(device).objects.filter(pk=device.pk, confirmed=True)
        if not rows.exists():
            raise NotFound
        refuse_last(device.user)
        record("accounts:factor:removed", actor=actor, subject=device, user_id=device.user_id)
        rows.delete()


def renew_recovery_codes(user: User, *, actor: Actor) -> list[str]:
    """Ten new codes, returned this once in clear; the old set is worthless from now on."""
    step_up.require(actor)
    codes = new_recovery_codes()
    with recorded(actor):
        lock_factors(user)
        code_set = write_recovery_codes(user, codes)
        record("accounts:recovery_codes:renewed", actor=actor, subject=code_set, user_id=user.pk)
    return codes


def rename_factor(device: TotpDevice | Passkey, *, name: str, actor: Actor) -> None:
    """Call a factor something else. It is no credential change, so nothing is asked and nobody is told; it is audited.

    Raises `InvalidInput`. A repeat changes nothing. `device` carries the new name afterwards.
    """
    label = read_label(name)
    before = device.name
    if label == before:
        return
    with recorded(actor):
        type(device).objects.filter(pk=device.pk).update(name=label)
        record(
            "accounts:factor:renamed",
            actor=actor,
            subject=device,
            user_id=device.user_id,
            data={"before": before, "after": label},
        )
    device.name = label


def lock_factors(user: User) -> FactorGuesses:
    """The same row that guesses wait for: nobody proves a factor while it is being taken away."""
    FactorGuesses.objects.bulk_create([FactorGuesses(user=user)], ignore_conflicts=True)
    return FactorGuesses.objects.select_for_update().get(user=user)


def refuse_last(user: User) -> None:
    """Raise `LastFactor` when one factor fewer would be none. Recovery codes are no factor but the spare of one."""
    apps = TotpDevice.objects.filter(user=user, confirmed=True).count()
    if apps + Passkey.objects.filter(user=user, confirmed=True).count() <= 1:
        raise LastFactor


def refuse_too_many_apps(user: User) -> None:
    """Raise `TooManyFactors` for who has five authenticator apps."""
    if TotpDevice.objects.filter(user=user, confirmed=True).count() >= MAXIMUM_APPS:
        raise TooManyFactors


def read_label(text: str) -> str:
    """A name for a factor: one line of 40 characters at most, no sign of an address, as it is printed in mails."""
    label = " ".join(text.split())
    if not label or len(label) > MAXIMUM_NAME or not label.isprintable() or re.search(r"[<>@/\\{}]", label):
        raise InvalidInput(
            errors=[FieldError("/name", _("Enter a short name, such as “Phone”."), "bad-name")]
        )
    return label
