"""Turns owed events into deliveries and deliveries into mail, with leases and back-off.

Any number of workers may run this at once: rows are taken with SKIP LOCKED. A taken delivery's `due_at` lies beyond
the lease, so one that a killed worker held comes back by itself. Who works slowly renews the lease, or loses it: just
before it sends, each worker asks whether the notice is still its own. Nothing is marked sent before the server took it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from wallet_site.crypto import digest
from wallet_site.outbox.channels import AddressGone, ChannelDown, Refused, channel, exists
from wallet_site.outbox.models import Delivery, Event
from wallet_site.outbox.registry import Recipient, forget_address, notice_for, real_address

log = structlog.get_logger(__name__)

# Then it is given up and seen on the desk: a day and a half of trying.
MAXIMUM_ATTEMPTS = 16


def relay(priority: str) -> int:
    """Expand and send what is due of `priority`, until a round finds nothing. Returns how many were sent."""
    sent = 0
    while True:
        expanded = expand_due(priority)
        taken = take_due(priority)
        sent += send_all(taken)
        if not expanded and not taken:
            return sent


def backoff(attempts: int) -> timedelta:
    """How long to wait after the n-th try: 2, 4, 8 seconds ... at most three hours, with a tenth of jitter."""
    seconds = min(2.0**attempts, 3 * 3600.0)
    return timedelta(seconds=seconds * random.uniform(0.9, 1.1))  # noqa: S311  (jitter, no secret)


def expand_due(priority: str) -> int:
    """Write the deliveries of events that have none yet; each event in a transaction of its own."""
    done = 0
    for _turn in range(settings.OUTBOX_BATCH):
        with transaction.atomic():
            event = (
                Event.objects.select_for_update(skip_locked=True)
                .filter(priority=priority, expanded_at=None, due_at__lte=Now())
                .order_by("due_at")
                .first()
            )
            if event is None:
                return done
            _expand(event)
        done += 1
    return done


def _expand(event: Event) -> None:
    try:
        recipients = notice_for(event.topic).recipients(event)
    except LookupError as error:
        # A topic of a newer release, or data that is gone: keep it, say it, let the others pass.
        event.attempts += 1
        event.due_at = timezone.now() + backoff(min(event.attempts, 10))
        event.last_error = str(error)[:500]
        event.save(update_fields=["attempts", "due_at", "last_error"])
        log.error("outbox_event_cannot_be_expanded", topic=event.topic, event_id=event.pk, error=str(error))
        return
    Delivery.objects.bulk_create(
        [
            Delivery(
                event=event,
                channel=to.channel,
                address=to.address,
                language=to.language,
                name=to.name,
                priority=event.priority,
                message_id=message_id(event, to),
            )
            for to in recipients
        ],
        ignore_conflicts=True,
    )
    event.expanded_at = timezone.now()
    event.save(update_fields=["expanded_at"])


def message_id(event: Event, to: Recipient) -> str:
    """The same for every try, so that a mail sent twice can be recognised as one."""
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    mark = digest(f"{event.pk}:{to.channel}:{to.address}", "message-id").hex()[:24]
    return f"<{event.pk}.{mark}@{host}>"


def take_due(priority: str) -> list[Delivery]:
    """Lease a batch: nobody else gets these until the lease is over."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE outbox_delivery SET attempts = attempts + 1,"
            " due_at = clock_timestamp() + make_interval(secs => %s) WHERE id IN ("
            " SELECT id FROM outbox_delivery WHERE priority = %s AND state = 'queued' AND due_at <= clock_timestamp()"
            " ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id",
            [settings.OUTBOX_LEASE.total_seconds(), priority, settings.OUTBOX_BATCH],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(Delivery.objects.select_related("event").filter(pk__in=ids).order_by("pk"))


@dataclass
class Batch:
    """Deliveries that this worker holds, the one to send now first. `held_until` is a `time.monotonic()`."""

    left: list[Delivery]
    held_until: float

    @classmethod
    def just_taken(cls, taken: Sequence[Delivery]) -> Batch:
        return cls(list(taken), time.monotonic() + settings.OUTBOX_LEASE.total_seconds())

    def still_holds(self, delivery: Delivery) -> bool:
        """Whether nobody else has taken it. With less than half of the lease left, everything held is renewed first.

        `attempts` grows with every taking, so it tells this worker's holding from the next one's.
        """
        lease = settings.OUTBOX_LEASE.total_seconds()
        if self.held_until - time.monotonic() > lease / 2:
            return True
        began = time.monotonic()
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE outbox_delivery d SET due_at = clock_timestamp() + make_interval(secs => %s)"
                " FROM unnest(%s::bigint[], %s::int[]) AS held (id, attempts)"
                " WHERE d.id = held.id AND d.attempts = held.attempts AND d.state = 'queued' RETURNING d.id",
                [lease, [one.pk for one in self.left], [one.attempts for one in self.left]],
            )
            kept = {row[0] for row in cursor.fetchall()}
        self.left = [one for one in self.left if one.pk in kept or one is delivery]
        self.held_until = began + lease
        return delivery.pk in kept


def send_all(taken: Sequence[Delivery]) -> int:
    """Send a leased batch. Whatever happens in the middle, the rest is given back at once."""
    batch = Batch.just_taken(taken)
    sent = 0
    try:
        while batch.left:
            sent += send_one(batch.left[0], batch)
            batch.left.pop(0)
    finally:
        # Only a bug gets here with something left: the one that broke waits out its lease, the others go at once.
        for one in batch.left[1:]:
            Delivery.objects.filter(pk=one.pk, attempts=one.attempts, state="queued").update(due_at=Now())
    return sent


def send_one(delivery: Delivery, batch: Batch) -> bool:
    """Try one delivery; record what came of it. True when the channel took it.

    One whose words cannot be made (a bug) raises, and is given up like any other after its last try.
    """
    if delivery.attempts > MAXIMUM_ATTEMPTS:
        _note(delivery, state=Delivery.State.FAILED, error="every try to send it broke off; see the log")
        return False
    if not exists(delivery.channel):
        _note(delivery, state=Delivery.State.NO_CHANNEL, error=f"there is no {delivery.channel} gateway here")
        return False
    to = Recipient(
        address=delivery.address, language=delivery.language, channel=delivery.channel, name=delivery.name
    )
    message = notice_for(delivery.event.topic).message(delivery.event, to)
    real = real_address(delivery.channel, delivery.address)
    if real is None:
        _note(delivery, state=Delivery.State.FAILED, error=f"this {delivery.channel} address is gone")
        return False
    if not batch.still_holds(delivery):
        log.warning("notice_lost_to_another_worker", delivery_id=delivery.pk, topic=delivery.event.topic)
        return False
    try:
        channel(delivery.channel).send(replace(to, address=real), message, message_id=delivery.message_id)
    except Refused as error:
        if isinstance(error, AddressGone):
            forget_address(delivery.channel, delivery.address)
        _note(delivery, state=Delivery.State.FAILED, error=error)
        return False
    except ChannelDown as error:
        final = delivery.attempts >= MAXIMUM_ATTEMPTS
        _note(delivery, state=Delivery.State.FAILED if final else Delivery.State.QUEUED, error=error)
        return False
    Delivery.objects.filter(pk=delivery.pk).update(
        state=Delivery.State.SENT, sent_at=Now(), subject=message.subject[:300], last_error=""
    )
    return True


def _note(delivery: Delivery, *, state: str, error: Exception | str) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(
        state=state, last_error=str(error)[:500], due_at=Now() + backoff(delivery.attempts)
    )
    log.warning(
        "notice_not_sent",
        delivery_id=delivery.pk,
        topic=delivery.event.topic,
        state=str(state),
        attempts=delivery.attempts,
        error=str(error)[:200],
    )
