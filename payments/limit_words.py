"""What a limit is called and why it refused, in the reader's language."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from payments import limits as spending
from payments import send_limits as sending
from payments.card_limits import Limit, Rule
from payments.days import TOKYO
from wallet_site.money import format_money


def name_of(rule: Rule) -> str:
    """What stands beside the limit's meter."""
    names = {
        Rule.PER_CHARGE: _("Per top-up"),
        Rule.WALLET_BALANCE: _("Balance of the wallet"),
        Rule.PER_DAY: _("Today"),
        Rule.PER_MONTH: _("This month"),
        Rule.NEW_ACCOUNT_PER_DAY: _("Today, while your account is new"),
        Rule.NEW_CARD_PER_DAY: _("Today, while this card is new"),
        Rule.COOL_OFF_PER_DAY: _("Today, after a security change"),
        Rule.OWN_PER_DAY: _("Today, your own limit"),
    }
    return names[rule]


def name_of_sending(rule: sending.Rule) -> str:
    """The same for a limit on sending."""
    names = {
        sending.Rule.PER_SEND: _("Per send"),
        sending.Rule.PER_DAY: _("Today"),
        sending.Rule.PER_MONTH: _("This month"),
        sending.Rule.NEW_ACCOUNT: _("Today, while your account is new"),
        sending.Rule.COOL_OFF: _("Today, after a security change"),
        sending.Rule.OWN: _("Today, your own limit"),
    }
    return names[rule]


def below_minimum(minimum: int) -> str:
    """Why an amount is too small."""
    return _("Top up at least %(amount)s.") % {"amount": format_money(minimum)}


def refused_because(limit: Limit) -> str:
    """Which limit refuses, what is left of it and when it ends."""
    sentences = {
        Rule.PER_CHARGE: _("One top-up can be at most %(cap)s."),
        Rule.WALLET_BALANCE: _("The wallet holds at most %(cap)s, so %(left)s more fits in."),
        Rule.PER_DAY: _("You can top up %(cap)s a day; %(left)s is left today. It begins anew %(when)s."),
        Rule.PER_MONTH: _(
            "You can top up %(cap)s a month; %(left)s is left this month. It begins anew %(when)s."
        ),
        Rule.NEW_ACCOUNT_PER_DAY: _(
            "While your account is new you can top up %(cap)s a day; %(left)s is left. "
            "The next change is %(when)s."
        ),
        Rule.NEW_CARD_PER_DAY: _(
            "While this card is new it can be charged %(cap)s a day; %(left)s is left. "
            "The next change is %(when)s."
        ),
        Rule.COOL_OFF_PER_DAY: _(
            "After a change to your sign-in details you can top up %(cap)s a day; %(left)s is left. "
            "The next change is %(when)s."
        ),
        Rule.OWN_PER_DAY: _(
            "Your own limit is %(cap)s of top-ups a day; %(left)s is left today. It begins anew %(when)s."
        ),
    }
    return sentences[limit.rule] % _values(limit)


def sending_refused_because(limit: sending.Limit) -> str:
    """The same for sending."""
    sentences = {
        sending.Rule.PER_SEND: _("You can send at most %(cap)s at once."),
        sending.Rule.PER_DAY: _(
            "You can send %(cap)s a day; %(left)s is left today. It begins anew %(when)s."
        ),
        sending.Rule.PER_MONTH: _(
            "You can send %(cap)s a month; %(left)s is left this month. It begins anew %(when)s."
        ),
        sending.Rule.NEW_ACCOUNT: _(
            "While your account is new you can send %(cap)s a day; %(left)s is left. "
            "The next change is %(when)s."
        ),
        sending.Rule.COOL_OFF: _(
            "After a change to your sign-in details you can send %(cap)s a day; %(left)s is left. "
            "The next change is %(when)s."
        ),
        sending.Rule.OWN: _(
            "Your own limit is %(cap)s sent a day; %(left)s is left today. It begins anew %(when)s."
        ),
    }
    return sentences[limit.rule] % _values(limit)


def spending_refused_because(limit: spending.Limit) -> str:
    """The same for paying in stores; told to the customer, never to the cashier."""
    sentences = {
        spending.Rule.PER_PAYMENT: _("One payment can be at most %(cap)s."),
        spending.Rule.PER_DAY: _(
            "You can pay %(cap)s a day; %(left)s is left today. It begins anew %(when)s."
        ),
        spending.Rule.NEW_ACCOUNT: _(
            "While your account is new you can pay %(cap)s a day; %(left)s is left. The next change is %(when)s."
        ),
        spending.Rule.COOL_OFF: _(
            "After a change to your sign-in details you can pay %(cap)s a day; %(left)s is left. "
            "The next change is %(when)s."
        ),
        spending.Rule.OWN_PER_PAYMENT: _("Your own limit is %(cap)s for one payment."),
        spending.Rule.OWN_PER_DAY: _(
            "Your own limit is %(cap)s paid a day; %(left)s is left today. It begins anew %(when)s."
        ),
    }
    return sentences[limit.rule] % _values(limit)


class _AnyLimit(Protocol):
    @property
    def cap(self) -> int: ...
    @property
    def left(self) -> int: ...
    @property
    def ends_at(self) -> datetime | None: ...


def _values(limit: _AnyLimit) -> dict[str, str]:
    return {"cap": format_money(limit.cap), "left": format_money(limit.left), "when": when(limit)}


def when(limit: _AnyLimit) -> str:
    """ "on 24 November at 00:00" in Tokyo; "" for a limit that no clock changes."""
    if limit.ends_at is None:
        return ""
    moment = timezone.localtime(limit.ends_at, TOKYO)
    return _("on %(date)s at %(time)s") % {
        "date": date_format(moment, "MONTH_DAY_FORMAT"),
        "time": date_format(moment, "TIME_FORMAT"),
    }
