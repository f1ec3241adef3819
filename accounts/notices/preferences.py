"""Telling that somebody will be told less: said everywhere, as nothing about safety asks what anybody prefers."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts import events
from accounts.notices.words import AccountNotice, Words, call_us, everywhere, user_of, when, where
from wallet_site.money import format_money
from wallet_site.outbox.models import Event
from wallet_site.outbox.registry import Recipient, notice


@notice(events.RECEIPTS_QUIETER)
class ReceiptsQuieter(AccountNotice):
    """Fewer receipts from now on."""

    def recipients(self, event: Event) -> list[Recipient]:
        return everywhere(user_of(event))

    def words(self, event: Event, to: Recipient) -> Words:
        subject = _("You will get fewer receipts")
        return Words(
            subject=subject,
            short=_("%(operator)s: %(what)s. Not you? Call %(phone)s.")
            % {"operator": settings.OPERATOR_NAME, "what": subject, "phone": settings.SUPPORT_PHONE},
            opening=[
                _("If this was you, there is nothing to do."),
                _("What concerns the safety of your account is told everywhere as before."),
            ],
            facts=[
                *receipt_facts(event.payload["receipts"]),
                (_("When"), when(event.payload["at"])),
                (_("From where"), where(event.payload["origin"])),
            ],
            closing=[
                _("You can change it back on the page “Notices” of your wallet."),
                call_us(),
            ],
        )


def receipt_facts(chosen: dict[str, Any]) -> list[tuple[str, str]]:
    """A choice in words."""
    by_email = _("None")
    if chosen["by_email"]:
        by_email = _("Payments from %(amount)s on, every top-up and refund") % {
            "amount": format_money(chosen["email_from_minor"])
        }
    by_push = _("All") if chosen["by_push"] else _("None")
    return [(_("Receipts by e-mail"), by_email), (_("Receipts by push message"), by_push)]
