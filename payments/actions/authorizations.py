"""What becomes of a payment that a store has only authorized: captured, cancelled, or let go by the clock."""

from __future__ import annotations

from uuid import UUID

from django.db.models.functions import Now

from payments import posting
from payments.actions.store_payments import note_captured
from payments.errors import HoldNotOpen, PaymentNotFound
from payments.merchant_webhooks.owing import owe_payment
from payments.models import Payment, PaymentStatus, Terminal
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.transactions import recorded


def capture_payment(
    terminal: Terminal, *, payment_public_id: UUID, amount_minor: int, actor: Actor
) -> Payment:
    """Take at most what was authorized, once; what is left over is let go. The same capture again changes nothing.

    Raises `PaymentNotFound` for another merchant's payment, `HoldNotOpen`, `BadAmount` above the authorization, and
    `WalletFrozen` when the customer was stopped in the meantime.
    """
    payment = _of_merchant(terminal, payment_public_id)
    with recorded(actor):
        repeated = posting.capture_store_payment(str(payment.public_id), amount_minor=amount_minor)
        payment.refresh_from_db()
        if not repeated:
            note_captured(payment, actor)
    return payment


def cancel_payment(terminal: Terminal, *, payment_public_id: UUID, actor: Actor) -> Payment:
    """Let an authorization go: the customer can spend the money again at once. A repeat changes nothing.

    Raises `PaymentNotFound` for another merchant's payment and `HoldNotOpen` when it was captured already.
    """
    payment = _of_merchant(terminal, payment_public_id)
    with recorded(actor):
        repeated = posting.cancel_store_payment(str(payment.public_id))
        payment.refresh_from_db()
        if not repeated:
            record("terminal:payment:cancelled", actor=actor, subject=payment, user_id=payment.customer_id)
            owe_payment(payment, "payment.cancelled")
    return payment


def expire_authorizations(actor: Actor) -> int:
    """Let every authorization go whose time is over. Returns how many; a repeat finds none."""
    due = Payment.objects.filter(status=PaymentStatus.AUTHORIZED, hold__expires_at__lte=Now())
    return sum(
        _expire(payment, actor) for payment in due.select_related("store__merchant").order_by("pk")[:500]
    )


def _expire(payment: Payment, actor: Actor) -> bool:
    try:
        with recorded(actor):
            if posting.cancel_store_payment(str(payment.public_id), expired=True):
                return False
            record("clock:payment:expired", actor=actor, subject=payment, user_id=payment.customer_id)
            payment.refresh_from_db()
            owe_payment(payment, "payment.cancelled", expired=True)
    except HoldNotOpen:
        return False  # Captured or cancelled between our reading and our lock.
    return True


def _of_merchant(terminal: Terminal, public_id: UUID) -> Payment:
    payments = Payment.objects.select_related("store__merchant", "customer__auto_top_up")
    payment = payments.filter(public_id=public_id, store__merchant_id=terminal.store.merchant_id).first()
    if payment is None:
        raise PaymentNotFound
    return payment
