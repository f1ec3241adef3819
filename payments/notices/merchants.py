"""What merchants' programs are told: no words for people, one JSON for each live endpoint."""

from __future__ import annotations

import json
from datetime import UTC

from payments.merchant_webhooks.owing import CHANNEL, TOPIC
from payments.models import WebhookEndpoint
from wallet_site.outbox.models import Event
from wallet_site.outbox.registry import Message, Recipient, notice


@notice(TOPIC)
class MerchantTold:
    """A message by Standard Webhooks. Its body is the same at every try."""

    def recipients(self, event: Event) -> list[Recipient]:
        """Every endpoint that is live when the message leaves; by id, as its address may be turned off meanwhile."""
        live = WebhookEndpoint.objects.filter(merchant_id=event.payload["merchant_id"], disabled_at=None)
        return [
            Recipient(address=str(one), language="en", channel=CHANNEL)
            for one in live.order_by("pk").values_list("public_id", flat=True)
        ]

    def message(self, event: Event, recipient: Recipient) -> Message:
        """`type`, `timestamp` and `data`, as the standard asks."""
        at = event.created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        body = {"type": event.payload["type"], "timestamp": at, "data": event.payload["data"]}
        return Message(subject=event.payload["type"], text=json.dumps(body, separators=(",", ":")))
