"""Proving a password, wherever it is asked: page and API are equally strong (requirement 37)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import limits
from accounts.actions.sign_in_attempts import Channel, Result, keep_attempt
from accounts.actions.stuffing import judge_try
from accounts.errors import WrongCredentials
from accounts.models import ApiDevice, SignIn, User
from accounts.models.users import canonical_email
from accounts.stuffing import is_slowed
from wallet_site.actor import Actor
from wallet_site.errors import FieldError, InvalidInput, TooManyTries

KNOWN_NETWORK_FOR: Final = timedelta(days=30)


def prove_password(
    email: str,
    password: str,
    *,
    actor: Actor,
    channel: Channel = "browser",
    key_thumbprint: str = "",
    device: str = "",
) -> User:
    """The active user whose address and password these are. That alone opens nothing: a second factor must follow.

    Raises `WrongCredentials` for an unknown address and for a wrong password alike, at the same cost;
    `TooManyTries` past the limits, without looking at the password; `Unavailable` when tries cannot be counted. Each
    call counts as one try, and a failed one is kept in the person's history. An app is known by `key_thumbprint`, a
    browser by the actor: one that has signed in to this account before has a limit of its own, which nobody else can
    use up (requirements 16 and 19).
    """
    address = _key(email)
    is_known_device, is_known_network = _known(address, actor, key_thumbprint)
    try:
        if is_known_device:
            forget = _count_at_device(address, key_thumbprint or actor.browser)
        else:
            forget = _count_try(address, actor.network, is_known_network=is_known_network)
    except TooManyTries:
        # Refused tries are a wave's as well: slowing it must not make it look over.
        if not is_known_device:
            judge_try(address, actor.network, is_right=False)
        # One row for as long as it lasts: who keeps knocking fills nobody's history.
        if limits.REFUSAL_KEPT.is_first(f"{address} {limits.network_key(actor.network)}"):
            keep_attempt(_owner(address), Result.TOO_MANY, channel=channel, actor=actor, device=device)
        raise
    user = authenticate(None, username=email, password=password)
    if not isinstance(user, User):
        keep_attempt(_owner(address), Result.WRONG_PASSWORD, channel=channel, actor=actor, device=device)
        if not is_known_device:
            judge_try(address, actor.network, is_right=False)
        raise WrongCredentials
    if not is_known_device:
        judge_try(address, actor.network, is_right=True)
    forget()
    return user


def _count_at_device(address: str, secret: str) -> Callable[[], None]:
    """Count one try at a device that the account knows. Gives back what the right password begins anew."""
    device = f"{address} {secret}"
    limits.SIGN_IN_DEVICE.take(device)
    return lambda: limits.SIGN_IN_DEVICE.forget(device)


def _count_try(address: str, network_address: str, *, is_known_network: bool) -> Callable[[], None]:
    """The same anywhere else: by network and address, and more narrowly while a wave is under way."""
    network = limits.network_key(network_address)
    here = f"{address} {network}"
    limits.SIGN_IN_NETWORK.take(network)
    if is_slowed():
        limits.SIGN_IN_NETWORK_SLOWED.take(network)
        limits.SIGN_IN_HERE_SLOWED.take(here)
    # Before the address's own limit: what is refused here must not use up the owner's tries elsewhere.
    limits.SIGN_IN_HERE.take(here)
    if not is_known_network:
        limits.SIGN_IN_ADDRESS.take(address)
    return lambda: limits.SIGN_IN_HERE.forget(here)


def prove_current_password(user: User, password: str, *, pointer: str = "/current_password") -> None:
    """Raise `InvalidInput` unless `password` is the one `user` has now; `TooManyTries` after ten tries an hour."""
    limits.CURRENT_PASSWORD.take(str(user.pk))
    if not user.check_password(password):
        raise InvalidInput(
            errors=[FieldError(pointer, _("Your current password is not right."), "wrong-password")]
        )
    limits.CURRENT_PASSWORD.forget(str(user.pk))


def _known(address: str, actor: Actor, key_thumbprint: str) -> tuple[bool, bool]:
    """Whether whose address this is has signed in with this very browser or app, and from this network lately.

    Strangers who use up an address's tries lock out other strangers, not the owner's devices, nor the owner at home.
    Two queries, whoever it is.
    """
    since = timezone.now() - KNOWN_NETWORK_FOR
    is_mine = Q(browser=actor.browser) if actor.browser else Q(pk=None)
    sessions = SignIn.objects.filter(user__email=address, report=None).filter(
        Q(last_seen_at__gt=since) | is_mine
    )
    apps = ApiDevice.objects.filter(user__email=address, revoked_at=None)
    seen = set(sessions.values_list("network", "browser").distinct())
    keys = set(apps.values_list("network", "key_thumbprint", "last_seen_at"))
    networks = {limits.network_key(one) for one, _browser in seen if one}
    networks |= {limits.network_key(one) for one, _key, at in keys if one and at > since}
    # An app by nothing but its key: its limit hangs on that, and a browser's cookie beside it would give every key one.
    if key_thumbprint:
        is_known = any(key == key_thumbprint for _network, key, _at in keys)
    else:
        is_known = bool(actor.browser) and any(browser == actor.browser for _network, browser in seen)
    return is_known, limits.network_key(actor.network) in networks


def _owner(address: str) -> int | None:
    """Whose address it is; asked alike for one that nobody has."""
    return User.objects.filter(email=address).values_list("pk", flat=True).first()


def _key(email: str) -> str:
    try:
        return canonical_email(email)
    except ValidationError:
        return email.strip().lower()[:254]
