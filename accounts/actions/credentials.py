"""Proving a password, wherever it is asked: page and API are equally strong (requirement 37)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import limits
from accounts.errors import WrongCredentials
from accounts.models import ApiDevice, SignIn, User
from accounts.models.users import canonical_email
from wallet_site.actor import Actor
from wallet_site.errors import FieldError, InvalidInput

KNOWN_NETWORK_FOR: Final = timedelta(days=30)


def prove_password(email: str, password: str, *, actor: Actor) -> User:
    """The active user whose address and password these are. That alone opens nothing: a second factor must follow.

    Raises `WrongCredentials` for an unknown address and for a wrong password alike, at the same cost;
    `TooManyTries` past the limits per address and network, without looking at the password; `Unavailable` when tries
    cannot be counted. Each call counts as one try.
    """
    address, network = _key(email), limits.network_key(actor.network)
    here = f"{address} {network}"
    limits.SIGN_IN_NETWORK.take(network)
    # Before the address's own limit: what is refused here must not use up the owner's tries elsewhere.
    limits.SIGN_IN_HERE.take(here)
    if not _is_known_at(address, network):
        limits.SIGN_IN_ADDRESS.take(address)
    user = authenticate(None, username=email, password=password)
    if not isinstance(user, User):
        raise WrongCredentials
    limits.SIGN_IN_HERE.forget(here)
    return user


def prove_current_password(user: User, password: str, *, pointer: str = "/current_password") -> None:
    """Raise `InvalidInput` unless `password` is the one `user` has now; `TooManyTries` after ten tries an hour."""
    limits.CURRENT_PASSWORD.take(str(user.pk))
    if not user.check_password(password):
        raise InvalidInput(
            errors=[FieldError(pointer, _("Your current password is not right."), "wrong-password")]
        )
    limits.CURRENT_PASSWORD.forget(str(user.pk))


def _is_known_at(address: str, network: str) -> bool:
    """Whether whose address this is was signed in from `network` lately.

    Strangers who use up an address's tries lock out other strangers, not the owner at home: there the narrow limit
    holds alone (requirements 16 and 19).
    """
    since = timezone.now() - KNOWN_NETWORK_FOR
    seen = SignIn.objects.filter(user__email=address, last_seen_at__gt=since).values_list(
        "network", flat=True
    )
    apps = ApiDevice.objects.filter(user__email=address, last_seen_at__gt=since, revoked_at=None)
    networks = {*seen.distinct(), *apps.values_list("network", flat=True).distinct()}
    return network in {limits.network_key(one) for one in networks if one}


def _key(email: str) -> str:
    try:
        return canonical_email(email)
    except ValidationError:
        return email.strip().lower()[:254]
