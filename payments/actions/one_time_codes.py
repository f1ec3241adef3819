"""Making the code that a customer shows at a counter."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models.functions import Now
from django.utils import timezone

from accounts import policy
from accounts.familiarity import familiarity
from accounts.models import User
from payments import one_time_codes
from payments.models import OneTimeCode
from wallet_site import ratelimit
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.crypto import digest
from wallet_site.transactions import recorded

CODES_PER_TEN_MINUTES = 60


@dataclass(frozen=True, slots=True)
class ShownCode:
    """A fresh code with its digits, which exist nowhere else: the database keeps a digest."""

    code: OneTimeCode
    digits: str


def make_code(customer: User, *, actor: Actor) -> ShownCode:
    """Draw a code that pays once within five minutes. The customer's earlier one stops working at once.

    Raises `Suspended` when spending is stopped and `TooManyTries` for somebody who keeps asking.
    """
    policy.require(customer.pk, "spending")
    ratelimit.take("one-time-codes", str(customer.pk), limit=CODES_PER_TEN_MINUTES, period_seconds=600)
    digits = one_time_codes.draw()
    now = timezone.now()
    known = familiarity(customer.pk, actor, now=now)
    with recorded(actor):
        # The customer's row orders two that ask at once, so that each finds the other's code and one is left.
        User.objects.select_for_update(no_key=True).get(pk=customer.pk)
        live = OneTimeCode.objects.filter(customer=customer, used_at=None, revoked_at=None)
        live.update(revoked_at=Now())
        code = OneTimeCode.objects.create(
            customer=customer,
            digest=digest(digits, one_time_codes.DIGEST_PURPOSE),
            expires_at=Now() + one_time_codes.LIFETIME,
            device_since=now - known.device,
            network_since=now - known.network,
            verified_at=actor.verified_at,
        )
        record("customer:one_time_code:made", actor=actor, subject=code, user_id=customer.pk)
    code.refresh_from_db()
    return ShownCode(code, digits)
