"""What the timeline says of money between customers, and of what they set for themselves.

Others are named by their customer numbers. What somebody wrote to somebody is theirs, and not shown.
"""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from payments.models import AutoTopUp, OwnLimit, RequestState
from wallet_site.money import format_money

TOPICS: dict[str, Promise] = {
    "payments:transfer:sent": gettext_lazy("Receipt of money sent"),
    "payments:transfer:received": gettext_lazy("Money received"),
    "payments:request:made": gettext_lazy("Asked for money"),
    "payments:limit:raised": gettext_lazy("A limit will be higher"),
    "payments:auto_top_up:on": gettext_lazy("Automatic top-up on"),
    "payments:auto_top_up:off": gettext_lazy("Automatic top-up off"),
}


def entry(facts: dict[str, Any]) -> str:
    """A title that says more than the journal's kind; "" where there is none."""
    if facts.get("automatic"):
        return _("Automatic top-up")
    return _("Received from a customer") if facts.get("other") and facts["amount"] > 0 else ""


def request(facts: dict[str, Any]) -> tuple[str, str, str]:
    """Title, amount and state of a request that the customer made or got; no money has moved by it."""
    words = _("Asked for money · %(other)s") if facts["made"] else _("Was asked for money · %(other)s")
    return words % facts, format_money(facts["amount"]), str(RequestState(facts["state"]).label)


def own_rule(action: str, data: dict[str, Any]) -> tuple[str, list[str]]:
    """Title and details of a limit, of the automatic top-up, of being found."""
    titles = {
        "payments:limit:lowered": _("Lowered a limit"),
        "payments:limit:raise_asked": _("Asked for a higher limit, which waits a day"),
        "payments:auto_top_up:on": _("Automatic top-up on"),
        "payments:auto_top_up:off": _("Automatic top-up off"),
        "payments:findability:changed": _("Changed by what others find them"),
    }
    details = []
    if "new_minor" in data:
        change = f"{format_money(data['old_minor'])} → {format_money(data['new_minor'])}"
        details = [str(OwnLimit.Kind(data["kind"]).label), change]
    elif "threshold_minor" in data:
        details = [f"< {format_money(data['threshold_minor'])}: {format_money(data['amount_minor'])}"]
    elif "because" in data:
        details = [str(AutoTopUp.OffBecause(data["because"]).label)]
    return titles[action], details
