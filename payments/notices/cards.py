"""The notices that cards and top-ups owe."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.notice_preferences import receipt_recipients
from accounts.notice_targets import targets_of
from payments.days import TOKYO
from payments.models import Card, TopUp
from payments.notices.short import short_notice
from wallet_site.money import format_money
from wallet_site.outbox.models import Event
from wallet_site.outbox.registry import Message, Recipient, notice, render_notice


def _addresses(customer: User) -> list[Recipient]:
    """Every address, those replaced lately too, and each phone that takes push messages: no thief may silence this."""
    return [
        Recipient(target.address, customer.language, channel=target.channel, name=customer.full_name)
        for target in targets_of(customer.pk)
        if target.channel in ("email", "push")
    ]


def _moment(event: Event) -> str:
    at = timezone.localtime(event.created_at, TOKYO)
    return f"{date_format(at, 'DATETIME_FORMAT')} ({_('Japan time')})"


class _CardNotice:
    """What the three notices about a card share."""

    template = ""

    def recipients(self, event: Event) -> list[Recipient]:
        return _addresses(_card(event).user)

    def message(self, event: Event, recipient: Recipient) -> Message:
        if recipient.channel != "email":
            return short_notice(self.template, recipient)
        card = _card(event)
        with translation.override(recipient.language):
            facts = [
                (_("Card"), f"{card.brand_name} •••• {card.last_four}"),
                (_("When"), _moment(event)),
            ]
            origin = [event.payload.get("device"), event.payload.get("network")]
            if any(origin):
                facts.append((_("From which device and network"), ", ".join(part for part in origin if part)))
        return render_notice(
            self.template,
            recipient.language,
            {
                "name": recipient.name,
                "facts": facts,
                **_house(),
            },
        )


@notice("payments:card:linked")
class CardLinked(_CardNotice):
    """A card can now be charged for this wallet."""

    template = "payments/card_linked"


@notice("payments:card:removed")
class CardRemoved(_CardNotice):
    """A card was taken off this wallet."""

    template = "payments/card_removed"


@notice("payments:card:blocked")
class CardBlocked(_CardNotice):
    """A card was stopped because a charge of it was disputed."""

    template = "payments/card_blocked"


class _TopUpNotice:
    """What the notices about a top-up share."""

    template = ""
    to_all_addresses = True

    def recipients(self, event: Event) -> list[Recipient]:
        customer = _top_up(event).user
        return _addresses(customer) if self.to_all_addresses else receipt_recipients(event, customer)

    def message(self, event: Event, recipient: Recipient) -> Message:
        top_up = _top_up(event)
        if recipient.channel != "email":
            return short_notice(self.template, recipient, amount=format_money(top_up.amount, top_up.currency))
        with translation.override(recipient.language):
            facts = [
                (_("Amount"), format_money(top_up.amount, top_up.currency)),
                (_("Card"), f"{top_up.card.brand_name} •••• {top_up.card.last_four}"),
                (_("When"), _moment(event)),
            ]
        return render_notice(
            self.template,
            recipient.language,
            {
                "name": recipient.name,
                "amount": format_money(top_up.amount, top_up.currency),
                "facts": facts,
                **_house(),
            },
        )


@notice("payments:top_up:succeeded")
class TopUpSucceeded(_TopUpNotice):
    """The receipt of a top-up."""

    template = "payments/top_up_succeeded"
    to_all_addresses = False


@notice("payments:top_up:refunded")
class TopUpRefunded(_TopUpNotice):
    """A top-up went back to its card."""

    template = "payments/top_up_refunded"


@notice("payments:top_up:disputed")
class TopUpDisputed(_TopUpNotice):
    """A top-up was charged back, and what that has stopped."""

    template = "payments/top_up_disputed"


def _house() -> dict[str, Any]:
    return {"operator_name": settings.OPERATOR_NAME, "support_phone": settings.SUPPORT_PHONE}


def _card(event: Event) -> Card:
    return Card.objects.select_related("user").get(pk=event.payload["card_id"])


def _top_up(event: Event) -> TopUp:
    return TopUp.objects.select_related("user", "card").get(pk=event.payload["top_up_id"])
