"""What is owed when customers send and ask: receipts on both sides, the question itself, and a limit that was raised.

The message that somebody wrote is not in any mail: under our name it could say what it likes. The page shows it.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.notice_preferences import receipt_recipients
from accounts.notices.words import AccountNotice, Words, call_us, everywhere, user_of, when
from payments.models import AutoTopUp, MoneyRequest, OwnLimit, Transfer
from payments.person_names import masked_name
from wallet_site.money import format_money
from wallet_site.outbox.models import Event
from wallet_site.outbox.registry import Recipient, notice


@notice("payments:transfer:sent")
class TransferSent(AccountNotice):
    """The sender's receipt, to every address: money that is sent is gone, so nobody may silence this."""

    def recipients(self, event: Event) -> list[Recipient]:
        return [one for one in everywhere(user_of(event)) if one.channel in ("email", "push")]

    def words(self, event: Event, to: Recipient) -> Words:
        transfer = _transfer(event)
        amount = format_money(transfer.amount, transfer.currency)
        name = masked_name(transfer.recipient.full_name)
        return Words(
            subject=_("You sent %(amount)s to %(name)s") % {"amount": amount, "name": name},
            opening=[_("This is the receipt for money that left your wallet.")],
            facts=[(_("Amount"), amount), (_("To whom"), name), *_facts(transfer)],
            closing=[call_us()],
        )


@notice("payments:transfer:received")
class TransferReceived(AccountNotice):
    """Tells that money has come."""

    def recipients(self, event: Event) -> list[Recipient]:
        return receipt_recipients(event, user_of(event))

    def words(self, event: Event, to: Recipient) -> Words:
        transfer = _transfer(event)
        amount = format_money(transfer.amount, transfer.currency)
        name = masked_name(transfer.sender.full_name)
        return Words(
            subject=_("%(name)s sent you %(amount)s") % {"amount": amount, "name": name},
            opening=[_("The amount is in your wallet.")],
            facts=[(_("Amount"), amount), (_("From whom"), name), *_facts(transfer)],
            closing=[
                _("Whoever asks you to send it back to somebody else may be a fraudster: call us first.")
            ],
        )


@notice("payments:request:made")
class RequestMade(AccountNotice):
    """Tells who is asked. No link: whoever can press one in a mail is not yet signed in."""

    def recipients(self, event: Event) -> list[Recipient]:
        return receipt_recipients(event, user_of(event))

    def words(self, event: Event, to: Recipient) -> Words:
        request = MoneyRequest.objects.select_related("requester").get(public_id=event.payload["request"])
        amount = format_money(request.amount, request.currency)
        name = masked_name(request.requester.full_name)
        return Words(
            subject=_("%(name)s asks you for %(amount)s") % {"amount": amount, "name": name},
            opening=[
                _("Open your wallet and choose Send to answer. If you do nothing, nothing is paid."),
            ],
            facts=[
                (_("Amount"), amount),
                (_("From whom"), name),
                (_("Open until"), when(request.expires_at)),
            ],
            closing=[_("Pay only people whom you know. You can decline, and block further requests.")],
        )


@notice("payments:limit:raised")
class LimitRaised(AccountNotice):
    """Tells every address that a limit will be higher, while there is still time to call it off."""

    def recipients(self, event: Event) -> list[Recipient]:
        return everywhere(user_of(event))

    def words(self, event: Event, to: Recipient) -> Words:
        kind = OwnLimit.Kind(event.payload["kind"])
        subject = _("One of your limits will be higher")
        return Words(
            subject=subject,
            short=_("%(operator)s: %(what)s. Not you? Call %(phone)s.")
            % {"operator": settings.OPERATOR_NAME, "what": subject, "phone": settings.SUPPORT_PHONE},
            opening=[
                _("Somebody who is signed in to your wallet asked for it. Until then the lower one holds.")
            ],
            facts=[
                (_("Limit"), str(kind.label)),
                (_("Now"), format_money(event.payload["old_minor"])),
                (_("Then"), format_money(event.payload["new_minor"])),
                (_("From when"), when(datetime.fromisoformat(event.payload["from"]))),
            ],
            closing=[_("You can call it off under Limits in your wallet."), call_us()],
        )


@notice("payments:auto_top_up:on")
class AutoTopUpOn(AccountNotice):
    """Tells every address that the card will be charged by itself."""

    def recipients(self, event: Event) -> list[Recipient]:
        return everywhere(user_of(event))

    def words(self, event: Event, to: Recipient) -> Words:
        amounts = {
            "amount": format_money(event.payload["amount_minor"]),
            "threshold": format_money(event.payload["threshold_minor"]),
        }
        subject = _("Automatic top-up is on")
        return Words(
            subject=subject,
            short=_("%(operator)s: %(what)s. Not you? Call %(phone)s.")
            % {"operator": settings.OPERATOR_NAME, "what": subject, "phone": settings.SUPPORT_PHONE},
            opening=[
                _("When your balance falls below %(threshold)s, your card is charged %(amount)s.") % amounts
            ],
            facts=[(_("Card"), event.payload["card"]), (_("When"), when(event.created_at))],
            closing=[call_us()],
        )


@notice("payments:auto_top_up:off")
class AutoTopUpOff(AccountNotice):
    """Tells that topping up has switched itself off, and why. No receipt: nobody may silence this.

    Whoever relies on it stands at the till with too little money, and the reason may be a change that was not theirs.
    """

    def recipients(self, event: Event) -> list[Recipient]:
        return [one for one in everywhere(user_of(event)) if one.channel in ("email", "push")]

    def words(self, event: Event, to: Recipient) -> Words:
        reason = AutoTopUp.OffBecause(event.payload["because"])
        return Words(
            subject=_("Automatic top-up is off"),
            opening=[
                str(reason.label),
                _("Nothing is charged by itself any more. You can switch it on again in your wallet."),
            ],
            facts=[(_("When"), when(event.created_at))],
            closing=[call_us()],
        )


def _facts(transfer: Transfer) -> list[tuple[str, str]]:
    at = timezone.localtime(transfer.made_at)
    return [
        (_("When"), f"{date_format(at, 'DATETIME_FORMAT')} ({_('Japan time')})"),
        (_("Transaction number"), str(transfer.journal_id)),
    ]


def _transfer(event: Event) -> Transfer:
    transfers = Transfer.objects.select_related("sender", "recipient")
    return transfers.get(public_id=event.payload["transfer"])
