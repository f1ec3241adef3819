"""Reporting a sign-in that was not one's own, with the link from its notice (requirement 28).

It stops the account, signs everything out and calls the desk. It never signs anybody in and hands nothing over.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.db.models import QuerySet

from accounts import limits
from accounts.actions.freezes import outsider, write_freeze
from accounts.errors import LinkOver
from accounts.models import AccountReport, ApiDevice, SignIn, Suspension, User
from accounts.undo_links import SignInLink, read_sign_in_link
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.transactions import recorded


@dataclass(frozen=True, slots=True)
class Reported:
    """What came of it. `is_first` is False for a sign-in that was reported before: then nothing was done."""

    report: AccountReport
    is_first: bool


def report_sign_in(token: str, *, actor: Actor) -> Reported:
    """Do what the link promises, in one transaction; a repeat does nothing new.

    Raises `LinkOver` for a link that is cut, forged or older than seven days, `TooManyTries` past sixty tries an hour
    from one network. Nobody needs to be signed in.
    """
    limits.UNDO_NETWORK.take(limits.network_key(actor.network))
    link = read_sign_in_link(token)
    if link is None:
        raise LinkOver
    reporter = outsider(actor)
    with recorded(reporter):
        user = User.objects.select_for_update(no_key=True).get(pk=link.subject.user_id)
        before = reports_of(link).first()
        if before is not None:
            return Reported(before, is_first=False)
        return Reported(_write_report(link, user, reporter), is_first=True)


def reports_of(link: SignInLink) -> QuerySet[AccountReport]:
    """The report of the link's sign-in, if there is one: any of its links made it."""
    if isinstance(link.subject, SignIn):
        return AccountReport.objects.filter(sign_in=link.subject)
    return AccountReport.objects.filter(device=link.subject)


def _write_report(link: SignInLink, user: User, reporter: Actor) -> AccountReport:
    browser = isinstance(link.subject, SignIn)
    suspension = write_freeze(
        user,
        channel=Suspension.Channel.UNDO_LINK,
        reason_code=Suspension.Reason.TAKEOVER,
        reason=f"{'browser' if browser else 'app'} sign-in {link.subject.public_id} reported as not theirs",
        actor=reporter,
    )
    report = AccountReport.objects.create(
        user=user,
        kind=AccountReport.Kind.SIGN_IN,
        address=link.address,
        sign_in=link.subject if isinstance(link.subject, SignIn) else None,
        device=link.subject if isinstance(link.subject, ApiDevice) else None,
        actor=json.loads(reporter.as_json()),
    )
    record(
        "accounts:sign_in:reported",
        actor=reporter,
        subject=report,
        user_id=user.pk,
        data={"suspension_id": suspension.pk},
    )
    return report
