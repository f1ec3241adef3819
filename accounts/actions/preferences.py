"""Choosing which receipts to get. To be told less is told: whoever wants to spend unseen begins with that."""

from __future__ import annotations

from dataclasses import asdict

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import events, step_up
from accounts.models import NoticePreference, User
from accounts.models.notice_preferences import LARGEST_EMAIL_FROM_MINOR
from accounts.notice_preferences import Receipts, receipts_of
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import FieldError, InvalidInput
from wallet_site.money import format_money
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded


def choose_receipts(user: User, wanted: Receipts, *, actor: Actor) -> None:
    """From now on `user` gets receipts so. A repeat changes nothing.

    Anything quieter asks for a fresh second factor, and every address is told of it. Raises `StepUpRequired`, and
    `InvalidInput` for an amount from which mails begin that is below zero or above ¥100,000.
    """
    if not 0 <= wanted.email_from_minor <= LARGEST_EMAIL_FROM_MINOR:
        most = format_money(LARGEST_EMAIL_FROM_MINOR)
        told = _("Choose an amount from ¥0 to %(most)s.") % {"most": most}
        raise InvalidInput(errors=[FieldError("/receipts_email_from", told, "out-of-range")])
    with recorded(actor):
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        before = receipts_of(user.pk)
        if wanted == before:
            return
        is_quieter = wanted.is_quieter_than(before)
        if is_quieter:
            step_up.require(actor)
        _write(user, wanted)
        record(
            "accounts:receipts:chosen",
            actor=actor,
            user_id=user.pk,
            data={"old": asdict(before), "new": asdict(wanted)},
        )
        if is_quieter:
            _tell(user, wanted, actor)


def _write(user: User, wanted: Receipts) -> None:
    NoticePreference.objects.update_or_create(
        user=user,
        defaults={
            "receipts_by_email": wanted.by_email,
            "receipts_by_push": wanted.by_push,
            "email_from_minor": wanted.email_from_minor,
            "changed_at": timezone.now(),
        },
    )


def _tell(user: User, wanted: Receipts, actor: Actor) -> None:
    now = timezone.now()
    owe(
        events.RECEIPTS_QUIETER,
        key=f"receipts-quieter:{user.pk}:{now.timestamp()}",
        payload={"at": now.isoformat(), "receipts": asdict(wanted), "origin": events.origin(actor)},
        user_id=user.pk,
        priority="security",
    )
