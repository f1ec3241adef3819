"""What a limit is called and why it refused, in the reader's language."""

from __future__ import annotations

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

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
    }
    return names[rule]


def below_minimum(minimum: int) -> str:
    """Why an amount is too small."""
    return _("Top up at least %(amount)s.") % {"amount": format_money(minimum)}


def refused_because(limit: Limit) -> str:
    """Which limit refuses, what is left of it and when it ends."""
    values = {
        "cap": format_money(limit.cap),
        "left": format_money(limit.left),
        "when": when(limit),
    }
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
    }
    return sentences[limit.rule] % values


def when(limit: Limit) -> str:
    """ "on 24 November at 00:00" in Tokyo; "" for a limit that no clock changes."""
    if limit.ends_at is None:
        return ""
    moment = timezone.localtime(limit.ends_at, TOKYO)
    return _("on %(date)s at %(time)s") % {
        "date": date_format(moment, "MONTH_DAY_FORMAT"),
        "time": date_format(moment, "TIME_FORMAT"),
    }
