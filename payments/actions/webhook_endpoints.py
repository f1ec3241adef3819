"""A merchant's webhook endpoints: made, their secrets turned over, removed; and turned off when nobody answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from payments.errors import TooManyEndpoints, WebhookEndpointNotFound
from payments.merchant_webhooks.addresses import target_of
from payments.merchant_webhooks.signing import new_secret
from payments.models import Merchant, WebhookEndpoint
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.transactions import recorded

MOST_ENDPOINTS: Final = 5
# How long the secret before goes on signing beside the new one, unless the next turn comes first.
BOTH_SIGN_FOR: Final = timedelta(hours=24)
FAILING_ENDS_AFTER: Final = timedelta(days=3)
ACTOR: Final = Actor.system("webhooks")


def live_endpoints(merchant_id: int) -> list[WebhookEndpoint]:
    """Those that are told, the oldest first."""
    return list(WebhookEndpoint.objects.filter(merchant_id=merchant_id, disabled_at=None).order_by("pk"))


def endpoint_of(merchant_id: int, public_id: UUID) -> WebhookEndpoint:
    """A live endpoint of this merchant; `WebhookEndpointNotFound` for another's and for one that is turned off."""
    found = WebhookEndpoint.objects.filter(
        merchant_id=merchant_id, public_id=public_id, disabled_at=None
    ).first()
    if found is None:
        raise WebhookEndpointNotFound
    return found


def add_endpoint(merchant: Merchant, *, url: str, actor: Actor) -> WebhookEndpoint:
    """Tell this address from now on. Its secret is shown to whoever makes it, and can be turned over later.

    Raises `ForbiddenAddress`, `NameUnknown`, and `TooManyEndpoints` for a sixth.
    """
    target_of(url)
    with recorded(actor):
        # The merchant's row orders two that ask at once, so that no sixth slips in.
        Merchant.objects.select_for_update().get(pk=merchant.pk)
        if len(live_endpoints(merchant.pk)) >= MOST_ENDPOINTS:
            raise TooManyEndpoints
        endpoint = WebhookEndpoint.objects.create(merchant=merchant, url=url, secret=new_secret())
        Merchant.objects.filter(pk=merchant.pk).update(hears_webhooks=True)
        record("merchant:webhook:added", actor=actor, subject=endpoint, data={"url": url})
    return endpoint


def rotate_secret(endpoint: WebhookEndpoint, *, actor: Actor) -> WebhookEndpoint:
    """A new secret. The one before signs too for a day, so that a receiver can change over without losing a message."""
    with recorded(actor):
        locked = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
        locked.previous_secret, locked.previous_until = locked.secret, timezone.now() + BOTH_SIGN_FOR
        locked.secret = new_secret()
        locked.save(update_fields=["secret", "previous_secret", "previous_until"])
        record("merchant:webhook:rotated", actor=actor, subject=locked)
    return locked


def remove_endpoint(endpoint: WebhookEndpoint, *, actor: Actor) -> None:
    """Tell this address no more; what is still owed to it is dropped. A repeat changes nothing."""
    with recorded(actor):
        if _turn_off(endpoint, WebhookEndpoint.DisabledBecause.REMOVED):
            record("merchant:webhook:removed", actor=actor, subject=endpoint)


def note_delivered(endpoint: WebhookEndpoint) -> None:
    """It took a message: whatever failed before is over."""
    if endpoint.failing_since is not None:
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=None)


def note_failed(endpoint: WebhookEndpoint) -> bool:
    """It did not take a message. True when that has gone on for days and turned it off; the desk then has a case."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk, failing_since=None).update(failing_since=Now())
    began = WebhookEndpoint.objects.values_list("failing_since", flat=True).get(pk=endpoint.pk)
    if began is None or timezone.now() - began < FAILING_ENDS_AFTER:
        return False
    _disable(endpoint, WebhookEndpoint.DisabledBecause.FAILING)
    return True


def note_gone(endpoint: WebhookEndpoint) -> None:
    """It said 410: tell it no more. The desk has a case, as the merchant may not know."""
    _disable(endpoint, WebhookEndpoint.DisabledBecause.GONE)


def _disable(endpoint: WebhookEndpoint, because: WebhookEndpoint.DisabledBecause) -> None:
    with recorded(ACTOR):
        if _turn_off(endpoint, because):
            record(
                "payments:webhook:disabled",
                actor=ACTOR,
                subject=endpoint,
                data={"merchant": endpoint.merchant.name, "url": endpoint.url, "because": because.value},
            )


def _turn_off(endpoint: WebhookEndpoint, because: str) -> bool:
    Merchant.objects.select_for_update().get(pk=endpoint.merchant_id)
    live = WebhookEndpoint.objects.filter(pk=endpoint.pk, disabled_at=None)
    if not live.update(disabled_at=Now(), disabled_because=because):
        return False
    others = WebhookEndpoint.objects.filter(
        ~Q(pk=endpoint.pk), merchant=endpoint.merchant_id, disabled_at=None
    )
    if not others.exists():
        Merchant.objects.filter(pk=endpoint.merchant_id).update(hears_webhooks=False)
    return True
