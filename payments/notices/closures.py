"""Telling about a wallet that is to be closed, was closed, or stays, and about what is owed to its customer."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.notices.words import AccountNotice, Words, call_us, everywhere, user_of, when, where
from payments.closure_queries import WAIT
from payments.models import Claim, Closure
from wallet_site.money import format_money
from wallet_site.outbox.models import Event
from wallet_site.outbox.registry import Recipient, notice


class _ToEverybody(AccountNotice):
    def recipients(self, event: Event) -> list[Recipient]:
        return everywhere(user_of(event))


def _origin(event: Event) -> list[tuple[str, str]]:
    origin = {name: event.payload.get(name, "") for name in ("network", "device")}
    return [(_("From where"), where(origin))] if any(origin.values()) else []


def _short(subject: str) -> str:
    return _("%(operator)s: %(what)s. Not you? Call %(phone)s.") % {
        "operator": settings.OPERATOR_NAME,
        "what": subject,
        "phone": settings.SUPPORT_PHONE,
    }


def _closure(event: Event) -> Closure:
    return Closure.objects.get(pk=event.payload["closure_id"])


@notice("payments:closure:asked")
class ClosureAsked(_ToEverybody):
    """Somebody who was signed in wants to close the wallet: time to say no."""

    def words(self, event: Event, to: Recipient) -> Words:
        closure = _closure(event)
        subject = _("Your wallet will be closed")
        days = WAIT.days
        return Words(
            subject=subject,
            short=_short(subject),
            opening=[
                ngettext(
                    "You asked us to close your wallet. We wait for %(days)s day, so that nobody else can do it.",
                    "You asked us to close your wallet. We wait for %(days)s days, so that nobody else can do it.",
                    days,
                )
                % {"days": days},
                _(
                    "Until then everything works as before, and you can call it off in the portal or the app at any "
                    "time. What is left then goes back to your cards, or is paid out by our support desk."
                ),
            ],
            facts=[
                (_("Asked for"), when(closure.asked_at)),
                (_("Will be closed"), when(closure.closes_at)),
                *_origin(event),
            ],
            before_link=[
                _(
                    "If this was not you, lock your wallet on the page below. A locked wallet is not closed; it signs "
                    "everything out, and our support desk talks to you first."
                )
            ],
            link=settings.PUBLIC_URL + reverse("accounts:lock"),
            link_label=_("This was not me"),
            link_kind="danger",
            closing=[call_us()],
        )


@notice("payments:closure:called_off")
class ClosureCalledOff(_ToEverybody):
    """The wallet stays: its customer wants to keep it, or it was stopped meanwhile."""

    def words(self, event: Event, to: Recipient) -> Words:
        subject = _("Your wallet stays open")
        stopped = event.payload.get("why") == "stopped"
        opening = (
            _("Your wallet was stopped in the meantime, so we have not closed it. Your money is safe.")
            if stopped
            else _("The closing was called off. Nothing has changed.")
        )
        return Words(subject=subject, short=_short(subject), opening=[opening], closing=[call_us()])


@notice("payments:closure:closed")
class ClosureClosed(_ToEverybody):
    """The wallet is closed: where its money goes, and what we keep."""

    def words(self, event: Event, to: Recipient) -> Words:
        closure = _closure(event)
        subject = _("Your wallet is closed")
        desk = event.payload["to_desk_minor"] + event.payload["compensation_minor"]
        amounts = [
            (_("Back to your cards"), event.payload["to_cards_minor"]),
            (_("Paid out by our support desk"), desk),
            (_("Goodwill that has lapsed"), event.payload["lapsed_minor"]),
        ]
        return Words(
            subject=subject,
            short=_short(subject),
            opening=[
                _("Nobody can sign in any more, every app is signed out, and your cards are removed."),
                _(
                    "We keep the books of your payments, your name and your addresses as long as the law asks, with "
                    "the record of what happened, and forget the rest after 30 days."
                ),
            ],
            facts=[
                (_("Closed on"), when(closure.ended_at or event.created_at)),
                *((label, format_money(amount, settings.CURRENCY)) for label, amount in amounts if amount),
            ],
            closing=[call_us()],
        )


class _ClaimNotice(_ToEverybody):
    def claim(self, event: Event) -> Claim:
        return Claim.objects.select_related("top_up__card").get(pk=event.payload["claim_id"])


@notice("payments:claim:made")
class ClaimMade(_ClaimNotice):
    """The desk owes money to somebody whose wallet is closed (by a trigger, whoever made the claim)."""

    def words(self, event: Event, to: Recipient) -> Words:
        claim = self.claim(event)
        subject = _("We owe you money")
        return Words(
            subject=subject,
            short=_short(subject),
            opening=[
                _("Your wallet is closed and no card can take this amount, so our support desk pays it out."),
                _("We call you or write to you about where to transfer it. You can also call us."),
            ],
            facts=[
                (_("Amount"), format_money(claim.amount, claim.currency)),
                (_("Where it comes from"), str(claim.get_reason_display())),
                (_("Number of the claim"), str(claim.public_id)),
            ],
            closing=[
                _("Questions? Call us, day and night: %(phone)s") % {"phone": settings.SUPPORT_PHONE},
                _("We never ask for your password, a code or a card number."),
            ],
        )


@notice("payments:claim:paid")
class ClaimPaid(_ClaimNotice):
    """What was owed is on its way."""

    def words(self, event: Event, to: Recipient) -> Words:
        claim = self.claim(event)
        subject = _("We have paid what we owed you")
        card = claim.top_up.card if claim.top_up is not None and claim.way == "card" else None
        way = f"{card.brand_name} •••• {card.last_four}" if card else str(claim.get_way_display())
        return Words(
            subject=subject,
            short=_short(subject),
            opening=[_("It can take a few days until your bank shows it.")],
            facts=[
                (_("Amount"), format_money(claim.amount, claim.currency)),
                (_("To"), way),
                (_("Number of the claim"), str(claim.public_id)),
            ],
            closing=[call_us()],
        )
