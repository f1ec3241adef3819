"""Webhooks in Stripe's manner: `Stripe-Signature: t=<time>,v1=<HMAC-SHA256 of "time.body">`, five minutes of grace."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from payments.processors.base import (
    ChargeEvent,
    DisputeEvent,
    ForgedWebhookError,
    LinkingEvent,
    OtherEvent,
    Processing,
    Webhook,
)
from payments.processors.stripe_shaped import reading

REPLAY_WINDOW_SECONDS = 300
Content = ChargeEvent | LinkingEvent | DisputeEvent | OtherEvent


def read(
    body: bytes,
    headers: Mapping[str, str],
    *,
    secret: str,
    now: datetime,
    content: Callable[[str, dict[str, Any]], Content],
) -> Webhook:
    """The event in a genuine, fresh webhook, understood by `content`; raises ForgedWebhookError for every other."""
    _check_signature(body, headers.get("Stripe-Signature", ""), secret, now)
    try:
        event = json.loads(body)
        return Webhook(str(event["id"]), str(event["type"]), content(event["type"], event["data"]["object"]))
    except (ValueError, KeyError, TypeError) as error:
        # Signed and still unreadable: the processor speaks a version that we do not.
        raise ForgedWebhookError("unreadable event") from error


def _check_signature(body: bytes, header: str, secret: str, now: datetime) -> None:
    if not secret:
        raise ForgedWebhookError("no webhook secret is set")
    parts = [part.partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) <= 12):
        raise ForgedWebhookError("no time in the signature")
    expected = hmac.new(secret.encode(), f"{times[0]}.".encode() + body, hashlib.sha256).hexdigest()
    given = [value for name, _, value in parts if name == "v1"]
    if not any(hmac.compare_digest(expected.encode(), value.encode()) for value in given[:5]):
        raise ForgedWebhookError("the signature does not fit")
    if abs(now.timestamp() - int(times[0])) > REPLAY_WINDOW_SECONDS:
        raise ForgedWebhookError("outside the replay window")


def charge_event(intent: dict[str, Any]) -> ChargeEvent | OtherEvent:
    """What an event about one of our payment intents says; nothing while it is undecided."""
    outcome = reading.outcome(intent)
    return (
        OtherEvent()
        if isinstance(outcome, Processing)
        else ChargeEvent(intent["metadata"]["top_up"], outcome)
    )
