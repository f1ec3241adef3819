"""Taking a processor's webhooks: genuine, fresh, each event once, in whatever order they come."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from django.db import connection
from django.utils import timezone

from payments.actions.disputes import write_dispute
from payments.actions.linkings import apply_linking_result
from payments.actions.top_ups import write_outcome
from payments.models import CardLinking, TopUp
from payments.processors.base import ChargeEvent, DisputeEvent, LinkingEvent, Webhook
from payments.processors.registry import processor_named
from wallet_site.actor import Actor
from wallet_site.transactions import recorded

log = structlog.get_logger(__name__)


def take_webhook(processor_name: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Act on one delivery; a second delivery of the same event does nothing.

    Event and effect are one transaction: when the effect cannot be had now, the event counts as not taken and the
    processor sends it again. Raises `ForgedWebhookError`, `ProcessorError` (ask again later) and `DisputeTooEarly`.
    """
    processor = processor_named(processor_name)
    event = processor.verify_webhook(body, headers, now=timezone.now())
    actor = Actor.system(f"webhook:{processor_name}")
    if isinstance(event.content, LinkingEvent):
        # A hint only: what to record is asked for, so order and repeats do not matter.
        linking = CardLinking.objects.filter(
            processor=processor_name, reference=event.content.reference
        ).first()
        if linking is not None:
            apply_linking_result(linking, processor.linking_result(linking.reference), actor=actor)
        return
    with recorded(actor):
        if _is_first(processor_name, event):
            _act(processor_name, event, actor)


def _is_first(processor_name: str, event: Webhook) -> bool:
    """Claim an event; a delivery that comes at the same moment waits here for this one's end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments_processorevent (processor, event_id, kind) VALUES (%s, %s, %s)"
            " ON CONFLICT DO NOTHING RETURNING id",
            [processor_name, event.event_id, event.kind[:64]],
        )
        return cursor.fetchone() is not None


def _act(processor_name: str, event: Webhook, actor: Actor) -> None:
    content = event.content
    if isinstance(content, DisputeEvent):
        write_dispute(processor_name, content, actor=actor)
    elif isinstance(content, ChargeEvent):
        top_up_id = TopUp.objects.filter(public_id=content.top_up_id).values_list("pk", flat=True).first()
        if top_up_id is None:
            log.error("webhook_of_unknown_top_up", event_id=event.event_id)
        else:
            write_outcome(top_up_id, content.outcome, actor=actor)
