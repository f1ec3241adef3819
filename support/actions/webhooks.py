"""Telling a merchant's server once more what it was told, or could not be told."""

from __future__ import annotations

from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from payments.merchant_webhooks.owing import CHANNEL
from payments.models import WebhookEndpoint
from support import policy
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import Conflict, NotFound
from wallet_site.outbox.models import Delivery
from wallet_site.outbox.owing import hurry
from wallet_site.transactions import recorded


class NotReplayable(Conflict):
    """The message is on its way still, or its endpoint is turned off."""

    code = "webhook-not-replayable"
    title = _("This cannot be sent again")
    detail = _("It is still on its way, or the merchant's endpoint is turned off.")


def replay(delivery_id: int, *, actor: Actor) -> Delivery:
    """Send one webhook again, under the same id, so that the receiver can tell it from a new one.

    Raises `RoleMissing`, `NotFound` for what is no webhook, `NotReplayable` while it is under way or when its endpoint
    is turned off. A repeat before it has left is refused by the same rule.
    """
    policy.require(actor, "replay_webhook")
    with recorded(actor):
        # The lock orders two at once: the second finds it under way.
        found = Delivery.objects.select_for_update().filter(pk=delivery_id, channel=CHANNEL).first()
        if found is None:
            raise NotFound
        endpoint = WebhookEndpoint.objects.filter(public_id=found.address, disabled_at=None).first()
        if endpoint is None or found.state not in (Delivery.State.SENT, Delivery.State.FAILED):
            raise NotReplayable
        Delivery.objects.filter(pk=found.pk).update(
            state=Delivery.State.QUEUED, attempts=0, due_at=Now(), last_error=""
        )
        record("staff:webhook:replayed", actor=actor, subject=endpoint, data={"delivery": found.pk})
        hurry(found.priority)
    found.refresh_from_db()
    return found
