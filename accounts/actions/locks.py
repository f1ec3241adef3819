"""Stopping one's account without signing in: an address, and a code that was mailed to every address on file.

For who lost phone and password, or whose account somebody else holds. It stops everything, ends every session and app
and calls the desk; it never signs anybody in and never hands anything over.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone

from accounts import events, limits
from accounts.account_locks import accounts_of, lock_code
from accounts.actions.freezes import outsider, write_freeze
from accounts.addresses import mask_email, read_email
from accounts.mail_codes import MAXIMUM_TRIES, WrongMailCode
from accounts.models import AccountReport, LockRequest, Suspension, User
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.crypto import equal
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

LIFETIME: Final = timedelta(minutes=15)
LOCK_ACTOR: Final = "lock"


def ask_lock(email: str, *, actor: Actor) -> LockRequest:
    """Owe a code to every address of each account that `email` is on file of; the same answer where there is none.

    Raises `InvalidInput` for what is no address, `TooManyTries` past three an hour for one address. A repeat is
    another request with another code; the one before stays good for its fifteen minutes.
    """
    address = read_email(email)
    limits.LOCK_NETWORK.take(limits.network_key(actor.network))
    limits.LOCK_ADDRESS.take(address)
    now = timezone.now()
    with recorded(actor):
        request = LockRequest.objects.create(address=address, expires_at=now + LIFETIME)
        found = accounts_of(address)
        owe(
            events.LOCK_CODE,
            key=f"lock-code:{request.pk}",
            payload={
                "lock_id": str(request.pk),
                "valid_until": request.expires_at.isoformat(),
                "origin": events.origin(actor),
            },
            user_id=found[0].pk if len(found) == 1 else None,
            priority="security",
        )
    return request


def confirm_lock(request_id: UUID, code: str, *, actor: Actor) -> AccountReport:
    """Stop the account whose code this is, from the very next request on, in one transaction.

    Raises `WrongMailCode` for every code that stops nothing (wrong, late, used, tried five times, or for an address
    that nobody has), and `TooManyTries`. Of any number of parallel calls with one code one stops.
    """
    limits.MAIL_CODE_NETWORK.take(limits.network_key(actor.network))
    locker = outsider(actor, name=LOCK_ACTOR)
    with recorded(locker):
        request = LockRequest.objects.select_for_update().filter(pk=request_id).first()
        user = _whose(request, code) if request else None
        if request is not None and user is not None:
            return _write_lock(request, user, locker)
        if request is not None:
            request.code_tries += 1
            request.save(update_fields=["code_tries"])
    raise WrongMailCode


def _whose(request: LockRequest, code: str) -> User | None:
    """The account that `code` stops. Every candidate is compared, so that time tells nothing."""
    if request.used_at or request.expires_at <= timezone.now() or request.code_tries >= MAXIMUM_TRIES:
        return None
    given = re.sub(r"[\s-]", "", code)
    fitting = [user for user in accounts_of(request.address) if equal(lock_code(request, user.pk), given)]
    return fitting[0] if fitting else None


def _write_lock(request: LockRequest, user: User, locker: Actor) -> AccountReport:
    person = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    request.used_at = timezone.now()
    request.save(update_fields=["used_at"])
    suspension = write_freeze(
        person,
        channel=Suspension.Channel.LOCK,
        reason_code=Suspension.Reason.CUSTOMER_ASKED,
        reason=f"locked without signing in; {mask_email(request.address)} was typed",
        actor=locker,
    )
    report = AccountReport.objects.create(
        user=person,
        kind=AccountReport.Kind.LOCK,
        address=request.address,
        actor=json.loads(locker.as_json()),
    )
    record(
        "accounts:account:locked",
        actor=locker,
        subject=report,
        user_id=person.pk,
        data={"suspension_id": suspension.pk},
    )
    return report
