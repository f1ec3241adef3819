"""What the clock owes merchants: each day's settlement, once."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db import DatabaseError
from django.utils import timezone

from payments import posting, settlement_queries
from payments.days import day_begins
from payments.errors import NothingToSettle
from payments.merchant_webhooks.owing import owe_merchant
from payments.models import Merchant, Settlement
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import Problem
from wallet_site.transactions import recorded

log = structlog.get_logger(__name__)


def settle_merchants(actor: Actor) -> int:
    """Settle every day that is over in Tokyo and not settled, merchant by merchant, the oldest first.

    Returns how many settlements were made; a repeat makes none. One merchant's fault keeps no other waiting: it is
    logged, and the next run tries again.
    """
    made = 0
    for merchant in Merchant.objects.order_by("pk"):
        try:
            made += _settle(merchant, actor)
        except (DatabaseError, Problem):
            log.exception("settlement_failed", merchant_id=merchant.pk)
    return made


def _settle(merchant: Merchant, actor: Actor) -> int:
    yesterday = (day_begins(timezone.now()) - timedelta(days=1)).date()
    made = 0
    while (day := settlement_queries.unsettled_day(merchant.pk)) is not None and day <= yesterday:
        try:
            with recorded(actor):
                settlement_id, repeated = posting.settle_merchant(merchant.pk, day=day)
                if not repeated:
                    _note_settled(Settlement.objects.get(pk=settlement_id), merchant, actor)
                    made += 1
        except NothingToSettle:
            break  # Another run has settled it between our reading and its lock.
    return made


def _note_settled(settlement: Settlement, merchant: Merchant, actor: Actor) -> None:
    record(
        "clock:settlement:made",
        actor=actor,
        subject=settlement,
        data={"merchant": merchant.name, "day": settlement.day.isoformat(), "payout": settlement.payout},
    )
    owe_merchant(
        merchant,
        "settlement.made",
        key=f"settlement:{settlement.public_id}",
        data={
            "id": str(settlement.public_id),
            "day": settlement.day.isoformat(),
            "currency": settlement.currency,
            "payments": settlement.payments,
            "refunds": settlement.refunds,
            "corrections": settlement.corrections,
            "fee": settlement.fee,
            "payout": settlement.payout,
        },
    )
