"""The receipts that store payments owe."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.notice_preferences import receipt_recipients
from payments.days import TOKYO
from payments.models import Payment, Refund
from payments.notices.short import short_notice
from wallet_site.money import format_money
from wallet_site.outbox.models import Event
from wallet_site.outbox.registry import Message, Recipient, notice, render_notice


@notice("payments:payment:captured")
class PaymentReceipt:
    """The customer's receipt for a store payment."""

    def recipients(self, event: Event) -> list[Recipient]:
        payment = _payment(event)
        if payment.customer is None:
            return []
        return receipt_recipients(event, payment.customer, payment_minor=payment.amount)

    def message(self, event: Event, recipient: Recipient) -> Message:
        payment = _payment(event)
        return _receipt("payments/payment_captured", event, recipient, payment, payment.captured)


@notice("payments:refund:made")
class RefundReceipt:
    """Tells the customer that a store gave money back."""

    def recipients(self, event: Event) -> list[Recipient]:
        customer = _refund(event).payment.customer
        return receipt_recipients(event, customer) if customer else []

    def message(self, event: Event, recipient: Recipient) -> Message:
        refund = _refund(event)
        return _receipt("payments/refund_made", event, recipient, refund.payment, refund.amount)


def _receipt(
    template: str, event: Event, recipient: Recipient, payment: Payment, amount_minor: int
) -> Message:
    amount = format_money(amount_minor, payment.currency)
    if recipient.channel != "email":
        return short_notice(template, recipient, amount=amount, store=payment.store.full_name)
    with translation.override(recipient.language):
        at = date_format(timezone.localtime(event.created_at, TOKYO), "DATETIME_FORMAT")
        facts = [
            (_("Amount"), amount),
            (_("Store"), payment.store.full_name),
            (_("When"), f"{at} ({_('Japan time')})"),
            (_("Transaction number"), str(payment.journal_id)),
        ]
    context = {
        "name": recipient.name,
        "amount": amount,
        "store": payment.store.full_name,
        "facts": facts,
        "operator_name": settings.OPERATOR_NAME,
        "support_phone": settings.SUPPORT_PHONE,
    }
    return render_notice(template, recipient.language, context)


def _payment(event: Event) -> Payment:
    return Payment.objects.select_related("customer", "store__merchant").get(
        public_id=event.payload["payment"]
    )


def _refund(event: Event) -> Refund:
    payments = Refund.objects.select_related("payment__customer", "payment__store__merchant")
    return payments.get(public_id=event.payload["refund"])
