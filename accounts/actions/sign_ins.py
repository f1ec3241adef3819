"""Beginning and ending signed-in sessions."""

from __future__ import annotations

from django.db.models.functions import Now

from accounts.models import AccessToken, ApiDevice, SignIn, User
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.crypto import digest
from wallet_site.transactions import recorded


def session_digest(session_key: str) -> bytes:
    """How a session key lies in the table: the table alone opens no session."""
    return digest(session_key, "session")


def begin_sign_in(user: User, *, session_key: str, factor: str, actor: Actor) -> SignIn:
    """Write down a session that has just proven password and second factor. `session_key` must be new.

    By triggers: the try is kept, and a browser or network that the account does not know is told to every address.
    """
    with recorded(actor):
        sign_in = SignIn.objects.create(
            user=user,
            session_digest=session_digest(session_key),
            device=actor.device,
            network=actor.network or None,
            browser=actor.browser,
            factor=factor,
            verified_at=Now(),
        )
        record(
            "accounts:session:began", actor=actor, subject=sign_in, user_id=user.pk, data={"factor": factor}
        )
    sign_in.refresh_from_db()
    return sign_in


def renew_key(sign_in_id: str, *, new_session_key: str, actor: Actor) -> None:
    """The session goes on under a new key after a credential change; what it has proven stays as old as it is."""
    with recorded(actor):
        SignIn.objects.filter(public_id=sign_in_id, ended_at=None).update(
            session_digest=session_digest(new_session_key), last_seen_at=Now()
        )


def end_sign_in(sign_in: SignIn, *, why: str, actor: Actor) -> bool:
    """End one session; it is out at its next request. A repeat changes nothing and returns False."""
    with recorded(actor):
        ended = write_end(sign_in, why=why)
        if ended:
            record(
                "accounts:session:ended",
                actor=actor,
                subject=sign_in,
                user_id=sign_in.user_id,
                data={"why": why},
            )
    return ended


def write_end(sign_in: SignIn, *, why: str) -> bool:
    """The row of `end_sign_in`, inside the caller's transaction. False when it had ended."""
    return bool(SignIn.objects.filter(pk=sign_in.pk, ended_at=None).update(ended_at=Now(), ended_why=why))


def end_all_others(user: User, *, actor: Actor) -> int:
    """Sign everything of `user` out but the browser or app that asks. Returns how many ended; a repeat ends nothing."""
    return _end_everywhere(user, keep_session=actor.session_id, keep_device=actor.token_id, actor=actor)


def end_everywhere(user: User, *, actor: Actor) -> int:
    """Sign everything of `user` out, the browser or app that asks too, from the next request on."""
    return _end_everywhere(user, keep_session=None, keep_device=None, actor=actor)


def _end_everywhere(user: User, *, keep_session: str | None, keep_device: str | None, actor: Actor) -> int:
    with recorded(actor):
        sessions = write_ends(user, why="ended_by_owner", keep_session=keep_session)
        apps = write_device_revocations(user, why="ended_by_owner", keep_device=keep_device)
        record(
            "accounts:session:all_ended",
            actor=actor,
            user_id=user.pk,
            data={"why": "ended_by_owner", "ended": sessions, "apps": apps},
        )
    return sessions + apps


def write_ends(user: User, *, why: str, keep_session: str | None = None) -> int:
    """End the browser sessions of `user`, inside the caller's transaction. Returns how many."""
    live = SignIn.objects.filter(user=user, ended_at=None)
    if keep_session:
        live = live.exclude(public_id=keep_session)
    return live.update(ended_at=Now(), ended_why=why)


def write_token_ends(user: User, *, keep_device: str | None = None) -> int:
    """Take away every API access token of `user`, inside the caller's transaction.

    The devices stay known; their refresh tokens decide whether they come back. Returns the number of tokens.
    """
    tokens = AccessToken.objects.filter(device__user=user)
    if keep_device:
        tokens = tokens.exclude(device__public_id=keep_device)
    return tokens.delete()[0]


def write_device_revocations(user: User, *, why: str, keep_device: str | None = None) -> int:
    """Revoke every API device of `user` with all its tokens, inside the caller's transaction. A trigger tells."""
    write_token_ends(user, keep_device=keep_device)
    devices = ApiDevice.objects.filter(user=user, revoked_at=None)
    if keep_device:
        devices = devices.exclude(public_id=keep_device)
    return devices.update(revoked_at=Now(), revoked_why=why)
