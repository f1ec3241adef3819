"""Apps that hold tokens: giving the first pair, the next one, and taking all of them away.

All tokens of a device are one family. Rotation happens under the device's row lock: a refresh token that comes a
second time, or under another key, was stolen or copied, so the family ends and a trigger tells the owner.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts import policy
from accounts.errors import Suspended
from accounts.models import AccessToken, ApiDevice, RefreshToken, User
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.crypto import digest, equal, new_token
from wallet_site.errors import NotSignedIn, Problem
from wallet_site.transactions import recorded

# So that a scanner finds a leaked one in a log or a repository.
_ACCESS_PREFIX = "kka_"
_REFRESH_PREFIX = "kkr_"


class RefreshRefused(NotSignedIn):
    """The refresh token is unknown, used, expired or another device's. Which one is not told."""

    code = "invalid-refresh-token"
    title = _("Please sign in")
    detail = _("This refresh token is no longer valid. Sign in again with your second factor.")
    challenge = 'DPoP error="invalid_token"'


@dataclass(frozen=True, slots=True)
class Tokens:
    """A fresh pair. The secrets exist here and with the client only: the database keeps digests."""

    device: ApiDevice
    access_token: str
    refresh_token: str
    expires_in: int


def access_digest(secret: str) -> bytes:
    """How an access token lies in the table."""
    return digest(secret, "access-token")


def refresh_digest(secret: str) -> bytes:
    """How a refresh token lies in the table."""
    return digest(secret, "refresh-token")


def sign_in_device(user: User, *, name: str, key_thumbprint: str, factor: str, actor: Actor) -> Tokens:
    """Give tokens to the device with this key, after password and second factor. A new device is told to the owner.

    A device that signs in again goes on as the same one, and its earlier tokens end. `user` is the person as they were
    when the password was proven. Raises `Suspended`, and `NotSignedIn` when password or address changed meanwhile.
    """
    with recorded(actor):
        # Who changed the password, or undid a change, while the code was judged has won: both hold this row's lock.
        now = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if not now.is_active or not equal(now.get_session_auth_hash(), user.get_session_auth_hash()):
            raise NotSignedIn
        policy.require(user.pk, "sign_in")
        device = (
            ApiDevice.objects.select_for_update(no_key=True)
            .filter(user=user, key_thumbprint=key_thumbprint, revoked_at=None)
            .first()
        )
        if device is None:
            device = ApiDevice(user=user, key_thumbprint=key_thumbprint)
        else:
            _end_tokens(device)
        device.name, device.network = name, actor.network or None
        device.last_seen_at = device.verified_at = device.signed_in_at = Now()
        device.factor = factor
        device.save()
        tokens = _issue(device)
        record(
            "accounts:device:signed_in", actor=actor, subject=device, user_id=user.pk, data={"factor": factor}
        )
    return tokens


def rotate(refresh_token: str, *, key_thumbprint: str, actor: Actor) -> Tokens:
    """Give the next pair for a refresh token, once.

    Raises `RefreshRefused`; used before or under another key, it ends the whole family at once. Raises `Suspended`
    for somebody who may not sign in at the moment; the token is then kept. The database's clock decides expiry.
    """
    with recorded(actor):
        verdict = _rotate(refresh_digest(refresh_token), key_thumbprint, actor)
    if isinstance(verdict, Problem):
        raise verdict
    return verdict


def _rotate(token_digest: bytes, key_thumbprint: str, actor: Actor) -> Tokens | Problem:
    known = RefreshToken.objects.filter(digest=token_digest).only("device_id").first()
    if known is None:
        return RefreshRefused()
    device = ApiDevice.objects.select_for_update(no_key=True).get(pk=known.device_id)
    expired = ExpressionWrapper(Q(expires_at__lte=Now()), output_field=BooleanField())
    # Read after the lock: who waited for it sees what the one before has done.
    token = RefreshToken.objects.annotate(is_expired=expired).get(digest=token_digest)
    user = User.objects.get(pk=device.user_id)
    if device.revoked_at is not None or not user.is_active or user.kind != User.Kind.CUSTOMER:
        return RefreshRefused()
    if token.used_at is not None:
        write_revocation(device, why="refresh_reused", actor=actor)
        return RefreshRefused()
    if not equal(device.key_thumbprint, key_thumbprint):
        write_revocation(device, why="refresh_under_other_key", actor=actor)
        return RefreshRefused()
    if token.is_expired:
        return RefreshRefused()
    if policy.is_stopped(user.pk, "sign_in"):
        return Suspended(capability="sign_in")
    RefreshToken.objects.filter(digest=token_digest).update(used_at=Now())
    ApiDevice.objects.filter(pk=device.pk).update(last_seen_at=Now(), network=actor.network or None)
    return _issue(device)


def _issue(device: ApiDevice) -> Tokens:
    """A fresh pair, inside the caller's transaction. Access tokens that are over are swept on the way."""
    tokens = Tokens(
        device=device,
        access_token=_ACCESS_PREFIX + new_token(256),
        refresh_token=_REFRESH_PREFIX + new_token(256),
        expires_in=int(settings.API_ACCESS_TOKEN_LIFETIME.total_seconds()),
    )
    AccessToken.objects.filter(device=device, expires_at__lte=Now()).delete()
    AccessToken.objects.create(
        digest=access_digest(tokens.access_token),
        device=device,
        expires_at=Now() + settings.API_ACCESS_TOKEN_LIFETIME,
    )
    RefreshToken.objects.create(
        digest=refresh_digest(tokens.refresh_token),
        device=device,
        expires_at=Now() + settings.API_REFRESH_TOKEN_LIFETIME,
    )
    return tokens


def revoke(device: ApiDevice, *, why: str, actor: Actor) -> bool:
    """Sign a device out for good, from its next request on. A repeat changes nothing and returns False."""
    with recorded(actor):
        return write_revocation(device, why=why, actor=actor)


def write_revocation(device: ApiDevice, *, why: str, actor: Actor) -> bool:
    """`revoke` inside the caller's transaction. A trigger tells the owner."""
    ended = ApiDevice.objects.filter(pk=device.pk, revoked_at=None).update(revoked_at=Now(), revoked_why=why)
    if ended:
        _end_tokens(device)
        record(
            "accounts:device:revoked", actor=actor, subject=device, user_id=device.user_id, data={"why": why}
        )
    return bool(ended)


def _end_tokens(device: ApiDevice) -> None:
    AccessToken.objects.filter(device=device).delete()
    RefreshToken.objects.filter(device=device, used_at=None).update(used_at=Now())
