"""Owing a merchant a message, inside the transaction that made the event."""

from __future__ import annotations

from typing import Any, Final

from payments.models import Merchant, Payment
from wallet_site.outbox.models import Priority
from wallet_site.outbox.owing import owe

TOPIC: Final = "payments:merchant:told"
CHANNEL: Final = "webhook"
# What can be told; the names are part of the merchants' API.
TYPES: Final = (
    "payment.authorized",
    "payment.captured",
    "payment.cancelled",
    "payment.refunded",
    "settlement.made",
)


def owe_merchant(merchant: Merchant, kind: str, *, key: str, data: dict[str, Any]) -> None:
    """Owe `data` to every live endpoint of the merchant, once per `key`. Nothing where it has none.

    `merchant` must be read in this transaction. Raises `LookupError` for a kind that is not in `TYPES`.
    """
    if kind not in TYPES:
        raise LookupError(f"{kind!r} is told to no merchant")
    if not merchant.hears_webhooks:
        return
    owe(
        TOPIC,
        key=f"webhook:{kind}:{key}",
        payload={"merchant_id": merchant.pk, "type": kind, "data": data},
        priority=Priority.WEBHOOK,
    )


def owe_payment(payment: Payment, kind: str, **more: Any) -> None:
    """Owe what became of a payment; `payment` with its store and merchant. `more`: facts of this step alone."""
    step = more.get("refund", {}).get("id", "")
    owe_merchant(
        payment.store.merchant,
        kind,
        key=f"{payment.public_id}:{step}" if step else str(payment.public_id),
        data={
            "id": str(payment.public_id),
            "status": payment.status,
            "amount": payment.amount,
            "captured": payment.captured,
            "refunded": payment.refunded,
            "currency": payment.currency,
            "reference": payment.reference,
            "store": payment.store.name,
            **more,
        },
    )
