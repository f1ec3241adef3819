"""The notices that decided disputes owe; the one of their beginning is a top-up's."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.notice_targets import addresses_of
from payments.days import TOKYO
from payments.models import Dispute
from wallet_site.money import format_money
from wallet_site.outbox.models import Event
from wallet_site.outbox.registry import Message, Recipient, notice, render_notice


class _DisputeNotice:
    """What the two share."""

    template = ""

    def recipients(self, event: Event) -> list[Recipient]:
        customer = _dispute(event).top_up.user
        return [
            Recipient(address=address, language=customer.language, name=customer.full_name)
            for address in addresses_of(customer.pk)
        ]

    def message(self, event: Event, recipient: Recipient) -> Message:
        dispute = _dispute(event)
        card = dispute.top_up.card
        at = timezone.localtime(event.created_at, TOKYO)
        with translation.override(recipient.language):
            facts = [
                (_("Amount"), format_money(dispute.amount, dispute.currency)),
                (_("Taken out of your wallet for it"), format_money(dispute.from_wallet, dispute.currency)),
                (_("Card"), f"{card.brand_name} •••• {card.last_four}"),
                (_("When"), f"{date_format(at, 'DATETIME_FORMAT')} ({_('Japan time')})"),
            ]
        return render_notice(
            self.template,
            recipient.language,
            {
                "name": recipient.name,
                "facts": facts,
                "amount": format_money(dispute.amount, dispute.currency),
                "url": settings.PUBLIC_URL + reverse("payments:dispute", args=[dispute.public_id]),
                "operator_name": settings.OPERATOR_NAME,
                "support_phone": settings.SUPPORT_PHONE,
            },
        )


@notice("payments:dispute:won")
class DisputeWon(_DisputeNotice):
    """The bank gave the amount back, and the wallet has its part again."""

    template = "payments/dispute_won"


@notice("payments:dispute:lost")
class DisputeLost(_DisputeNotice):
    """The card's holder keeps the amount."""

    template = "payments/dispute_lost"


def _dispute(event: Event) -> Dispute:
    return Dispute.objects.select_related("top_up__user", "top_up__card").get(pk=event.payload["dispute_id"])
