"""A lost factor: after the password a recovery code, then a code mailed to the address on file (requirement 23).

Two proofs of different kinds. Whoever is told of it by nothing but that very mailbox waits a day (requirement 24).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from accounts import events, limits, policy
from accounts.actions.recoveries.steps import guarded_steps, lock_recovery, open_recovery, recoverer
from accounts.mail_codes import LIFETIME, MAXIMUM_TRIES, WrongMailCode, code_digest, new_code
from accounts.models import Recovery, RecoveryState, User
from accounts.notice_targets import targets_of
from accounts.recovery_links import key_digest
from accounts.two_factor.codes import check_recovery_code, new_seed
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.crypto import encrypt, equal, new_token
from wallet_site.outbox.channels import exists
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

KEY_BITS: Final = 256


@dataclass(frozen=True, slots=True)
class Proven:
    """Where the two proofs led. `key` is what the new factor is set up with; "" when there is a wait first."""

    recovery: Recovery
    key: str


def begin_by_code(user: User, code: str, *, actor: Actor) -> Recovery:
    """Burn a recovery code and mail a code to the address on file. The caller has proven the password.

    Everybody on file is told, by trigger. A recovery that was under way ends. Also for somebody whose codes of the app
    no longer count (`FactorLocked`): nobody guesses a recovery code. Raises `WrongCode` (counted), `TooManyTries` and
    `Suspended`.
    """
    check_recovery_code(user, code, actor=actor)
    policy.require(user.pk, "sign_in")
    customer = recoverer(user.pk, actor)
    with recorded(customer):
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        earlier = open_recovery(user.pk)
        if earlier is not None:
            earlier.state = RecoveryState.WITHDRAWN
            earlier.save(update_fields=["state"])
        recovery = Recovery.objects.create(user=user, way=Recovery.Way.CODE, state=RecoveryState.PROVING)
        _mail_code(recovery, customer)
        record("accounts:recovery:began", actor=customer, subject=recovery, user_id=user.pk)
    recovery.refresh_from_db()
    return recovery


def resend_code(recovery_id: int, *, actor: Actor) -> None:
    """Mail another code; the one before dies. Raises `RecoveryOver`, and `TooManyTries` past five an hour."""
    with recorded(recoverer_of(recovery_id, actor)):
        recovery = lock_recovery(pk=recovery_id, state=RecoveryState.PROVING)
        _mail_code(recovery, actor)


def recoverer_of(recovery_id: int, actor: Actor) -> Actor:
    """`recoverer` for a recovery that may not exist: then nobody."""
    user_id = Recovery.objects.filter(pk=recovery_id).values_list("user_id", flat=True).first()
    return recoverer(user_id, actor) if user_id else actor


def _mail_code(recovery: Recovery, actor: Actor) -> None:
    limits.RECOVERY_MAIL.take(str(recovery.user_id))
    code = new_code()
    recovery.code_digest = code_digest(code, f"recovery:{recovery.pk}")
    recovery.code_sent_at = timezone.now()
    recovery.code_tries = 0
    recovery.save(update_fields=["code_digest", "code_sent_at", "code_tries"])
    owe(
        events.RECOVERY_CODE,
        key=f"recovery-code:{recovery.pk}:{recovery.code_sent_at.timestamp()}",
        payload={
            "recovery_id": recovery.pk,
            "sealed_code": encrypt(code),
            "valid_until": (recovery.code_sent_at + LIFETIME).isoformat(),
            "origin": events.origin(actor),
        },
        user_id=recovery.user_id,
        priority="security",
    )


def prove_mail_code(recovery_id: int, code: str, *, actor: Actor) -> Proven:
    """Judge the code from the mail. The right one opens the setting up of a new factor, or begins a day's wait.

    Raises `WrongMailCode` (counted; the sixth try is refused unseen) and `RecoveryOver`.
    """
    limits.MAIL_CODE_NETWORK.take(limits.network_key(actor.network))
    customer = recoverer_of(recovery_id, actor)
    with guarded_steps(), recorded(customer):
        recovery = lock_recovery(pk=recovery_id, state=RecoveryState.PROVING)
        proven = _judge(recovery, code, customer)
    if proven is None:
        raise WrongMailCode
    return proven


def _judge(recovery: Recovery, code: str, customer: Actor) -> Proven | None:
    in_time = recovery.code_sent_at is not None and timezone.now() - recovery.code_sent_at <= LIFETIME
    given = code_digest(re.sub(r"[\s-]", "", code), f"recovery:{recovery.pk}")
    known = recovery.code_digest
    if not in_time or recovery.code_tries >= MAXIMUM_TRIES or known is None or not equal(bytes(known), given):
        recovery.code_tries += 1
        recovery.save(update_fields=["code_tries"])
        return None
    if not is_told_elsewhere(recovery):
        recovery.state, recovery.code_digest = RecoveryState.WAITING, None
        recovery.save(update_fields=["state", "code_digest"])
        record("accounts:recovery:waits", actor=customer, subject=recovery, user_id=recovery.user_id)
        recovery.refresh_from_db()
        return Proven(recovery, "")
    key = hand_over(recovery, customer)
    return Proven(recovery, key)


def is_told_elsewhere(recovery: Recovery) -> bool:
    """Whether anybody is told of it beside the mailbox that takes part in it, by a channel that there is here."""
    return any(
        exists(target.channel) and (target.channel, target.address) != ("email", recovery.address)
        for target in targets_of(recovery.user_id)
    )


def hand_over(recovery: Recovery, customer: Actor) -> str:
    """Let one browser or app set up the new factor, inside the caller's transaction; another one's key is then void."""
    key = new_token(KEY_BITS)
    recovery.state, recovery.key_digest = RecoveryState.ENROLLING, key_digest(key)
    recovery.totp_seed, recovery.totp_step, recovery.recovery_codes = new_seed(), None, None
    recovery.code_digest = None
    recovery.save()
    record("accounts:recovery:proven", actor=customer, subject=recovery, user_id=recovery.user_id)
    recovery.refresh_from_db()
    return key
