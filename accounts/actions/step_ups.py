"""Proving a second factor again, for the next five minutes or for exactly one thing (see `accounts.step_up`)."""

from __future__ import annotations

from uuid import UUID

from django.db.models.functions import Now

from accounts import step_up
from accounts.actions.sign_ins import session_digest
from accounts.errors import StepUpOver
from accounts.models import ApiDevice, SignIn, StepUpChallenge
from accounts.two_factor.methods import FactorProof
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import NotSignedIn
from wallet_site.transactions import recorded


def find_challenge(challenge_id: UUID | str | None, *, actor: Actor) -> StepUpChallenge | None:
    """The question that is put to this session or device; None for none.

    Raises `StepUpOver` for one that is answered or expired, or another session's or person's: they are not told apart.
    """
    if not challenge_id:
        return None
    try:
        wanted = challenge_id if isinstance(challenge_id, UUID) else UUID(challenge_id)
    except ValueError as error:
        raise StepUpOver from error
    challenge = step_up.open_challenges(actor).filter(public_id=wanted).first()
    if challenge is None:
        raise StepUpOver
    return challenge


def step_up_session(
    sign_in: SignIn,
    proof: FactorProof,
    *,
    challenge: StepUpChallenge | None,
    new_session_key: str,
    actor: Actor,
) -> None:
    """Note that `proof` was given just now: the session goes on under a new key (requirement 32).

    With `challenge` that one thing is confirmed too. Raises `StepUpOver` when it has expired meanwhile; the session's
    own proof is then fresh nevertheless.
    """
    with recorded(actor):
        SignIn.objects.filter(pk=sign_in.pk, ended_at=None).update(
            session_digest=session_digest(new_session_key),
            verified_at=Now(),
            factor=proof.method,
            last_seen_at=Now(),
        )
        is_confirmed = _write_proof(challenge, proof, actor)
        record(
            "accounts:session:stepped_up",
            actor=actor,
            subject=sign_in,
            user_id=sign_in.user_id,
            data={"factor": proof.method},
        )
    if not is_confirmed:
        raise StepUpOver


def step_up_device(
    device: ApiDevice, proof: FactorProof, *, challenge: StepUpChallenge | None, actor: Actor
) -> None:
    """The same on an app's device, which keeps its tokens. One that was revoked meanwhile stays so: `NotSignedIn`."""
    with recorded(actor):
        if not ApiDevice.objects.filter(pk=device.pk, revoked_at=None).update(verified_at=Now()):
            raise NotSignedIn
        is_confirmed = _write_proof(challenge, proof, actor)
        record(
            "accounts:device:stepped_up",
            actor=actor,
            subject=device,
            user_id=device.user_id,
            data={"factor": proof.method},
        )
    if not is_confirmed:
        raise StepUpOver


def _write_proof(challenge: StepUpChallenge | None, proof: FactorProof, actor: Actor) -> bool:
    """Confirm what was asked, if it still may be. The audit keeps what exactly, and by which factor."""
    if challenge is None:
        return True
    if (
        not step_up.open_challenges(actor)
        .filter(pk=challenge.pk)
        .update(proven_at=Now(), proven_by=proof.method)
    ):
        return False
    record(
        "accounts:step_up:proven",
        actor=actor,
        subject=challenge,
        user_id=challenge.user_id,
        data={
            "action": challenge.action,
            "amount_minor": challenge.amount_minor,
            "currency": challenge.currency,
            "payee": challenge.payee,
            "factor": proof.method,
            "digest": bytes(challenge.digest).hex(),
        },
    )
    return True
