"""The till asks, the customer confirms: one payment of exactly this amount in exactly this store (requirement 36)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import policy, step_up
from accounts.models import User
from payments.errors import PaymentNotFound
from payments.models import DeclineReason, Payment, PaymentConfirmation
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.transactions import recorded

PAY = step_up.ActionKind("payments:payment:confirm", _("Pay %(amount)s at %(payee)s"))
# So long after the till has asked it can be answered.
ASKED_FOR = timedelta(minutes=10)


def confirm_payment(user: User, *, payment_id: UUID, actor: Actor) -> PaymentConfirmation:
    """Let the next payment of this amount in this store pass; the declined one stays declined, the cashier repeats it.

    Raises `StepUpRequired` until exactly this amount and store are confirmed, `PaymentNotFound` for a payment that is
    not the customer's or did not ask, and `Suspended`. The confirmation is used once, within five minutes.
    """
    payment = (
        Payment.objects.select_related("store__merchant")
        .filter(
            public_id=payment_id,
            customer=user,
            decline_reason=DeclineReason.CONFIRM_FIRST,
            made_at__gt=timezone.now() - ASKED_FOR,
        )
        .first()
    )
    if payment is None:
        raise PaymentNotFound
    policy.require(user.pk, "spending")
    action = PAY.of(
        amount_minor=payment.amount,
        currency=payment.currency,
        payee=f"store:{payment.store_id}",
        payee_shown=payment.store.full_name,
    )
    step_up.require_for(actor, action)
    with recorded(actor):
        step_up.consume(actor, action)
        confirmation = PaymentConfirmation.objects.create(
            customer=user, store=payment.store, amount=payment.amount, currency=payment.currency
        )
        record(
            "payments:payment:confirmed",
            actor=actor,
            subject=payment,
            user_id=user.pk,
            data={"amount_minor": payment.amount, "store": payment.store.name},
        )
    return confirmation
