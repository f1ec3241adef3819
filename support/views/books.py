"""The general journal and the trial balance: read-only, for finance and auditors."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from support.policy import names_of
from support.queries import books
from support.views.access import desk_page, page
from wallet_site.errors import NotFound


@require_safe
@desk_page("see_books")
def journal_list(request: HttpRequest) -> HttpResponse:
    """Every journal, newest first; a number typed above leads to that one."""
    if wanted := number_in(request.GET.get("number", "")):
        return redirect("admin:journal", wanted)
    found = books.journals_page(before=number_in(request.GET.get("before", "")))
    return page(
        request,
        "support/desk/journals.html",
        title=_("General journal"),
        journals=found.journals,
        next_url=f"?before={found.next_before}" if found.next_before else "",
    )


@require_safe
@desk_page("see_books")
def journal(request: HttpRequest, number: int) -> HttpResponse:
    """One journal with all that is kept of it."""
    found = books.journal_of(number)
    if found is None:
        raise NotFound
    return page(
        request,
        "support/desk/journal.html",
        title=_("Journal %(number)s") % {"number": found.pk},
        journal=found,
        by=names_of([found.actor]).get(int(found.actor.get("user_id") or 0), ""),
    )


@require_safe
@desk_page("see_books")
def trial_balance(request: HttpRequest) -> HttpResponse:
    """What all accounts stand at, now."""
    return page(
        request,
        "support/desk/trial_balance.html",
        title=_("Trial balance"),
        balances=books.trial_balance(),
        at=timezone.now(),
    )


def number_in(text: str) -> int | None:
    """A number from the address; nonsense is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
