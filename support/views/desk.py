"""The desk's first page, its search and its cases."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import Passkey, Suspension, User
from accounts.policy import live
from payments.models import Account, AccountKind
from support.actions import cases
from support.actions.looks import look_for
from support.forms.fields import ReasonForm
from support.models import Case
from support.queries import dashboard as first_page
from support.queries import search as finding
from support.queries.disputes import page_about
from support.views.access import desk_page, page, rights_of
from support.views.approvals import listed
from wallet_site.web import actor_of

CASES_SHOWN = 100


@desk_page("use_desk")
def dashboard(request: HttpRequest) -> HttpResponse:
    """What wants somebody's attention."""
    staff: Any = request.user
    desk = first_page.dashboard(staff, rights=rights_of(request))
    return page(
        request,
        "support/desk/dashboard.html",
        title=_("The desk"),
        desk=desk,
        approvals=listed(desk.approvals),
        by_passkey=isinstance(getattr(staff, "otp_device", None), Passkey),
    )


@desk_page("use_desk")
def search(request: HttpRequest) -> HttpResponse:
    """Customers by anything that is known of them; without a question all, newest first."""
    query = "".join(one for one in request.GET.get("q", "") if one.isprintable()).strip()[:100]
    after = request.GET.get("after", "")
    found = finding.customers(query, after=int(after) if after.isdecimal() and len(after) < 19 else None)
    if query:
        look_for(query, found=len(found.customers), actor=actor_of(request))
    if query and len(found.customers) == 1 and not after:
        return redirect("admin:customer", found.customers[0].public_id)
    next_url = f"?{urlencode({'q': query, 'after': str(found.after)})}" if found.after else ""
    return page(
        request,
        "support/desk/search.html",
        title=_("Customers"),
        query=query,
        rows=_rows(list(found.customers)),
        next_url=next_url,
    )


def _rows(customers: list[User]) -> list[dict[str, Any]]:
    """Each customer with balance and state: two queries for the whole page."""
    ids = [customer.pk for customer in customers]
    wallets = Account.objects.filter(kind=AccountKind.WALLET, owner_id__in=ids)
    balances = dict(wallets.values_list("owner_id", "balance"))
    stopped = set(live(Suspension.objects.filter(user_id__in=ids)).values_list("user_id", flat=True))
    return [
        {"customer": one, "balance": balances.get(one.pk, 0), "stopped": one.pk in stopped}
        for one in customers
    ]


@desk_page("use_desk")
def case_list(request: HttpRequest) -> HttpResponse:
    """Open cases of a saved queue, of one's own, or all; what is due first on top."""
    staff: Any = request.user
    queue = request.GET.get("queue", "")
    mine = queue == "mine"
    if queue not in Case.Queue.values:
        queue = ""
    found = first_page.open_cases(queue, staff=staff if mine else None)[:CASES_SHOWN]
    return page(
        request,
        "support/desk/cases.html",
        title=_("Cases"),
        cases=found,
        queues=first_page.queue_states(),
        current="mine" if mine else queue,
    )


@desk_page("use_desk")
def case(request: HttpRequest, public_id: object) -> HttpResponse:
    """One case; POST takes or closes it."""
    found = get_object_or_404(
        Case.objects.select_related("customer", "owner", "opened_by", "closed_by", "undo__change"),
        public_id=public_id,
    )
    form = ReasonForm(request.POST if request.POST.get("do") == "close" else None)
    if request.method == "POST" and request.POST.get("do") == "take":
        cases.take_case(found, actor=actor_of(request))
        messages.success(request, _("The case is yours."))
        return redirect("admin:case", found.public_id)
    if request.method == "POST" and form.is_valid():
        cases.close_case(found, reason=form.cleaned_data["reason"], actor=actor_of(request))
        messages.success(request, _("The case is closed."))
        return redirect("admin:cases")
    return page(
        request, "support/desk/case.html", title=found.title, case=found, form=form, about=page_about(found)
    )
