"""What waits for a second person: a list, and one request with the facts as they were when it was made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from support.actions import approvals
from support.approval_kinds import Text, kind_of
from support.errors import RoleMissing
from support.forms.fields import ReasonForm
from support.models import Approval
from support.queries import dashboard as first_page
from support.views.access import desk_page, page, rights_of
from wallet_site.web import actor_of

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Listed:
    """One request in a list, in words."""

    approval: Approval
    title: Text
    summary: str


def listed(found: Iterable[Approval]) -> list[Listed]:
    """Requests with the words of their kinds."""
    return [Listed(one, kind_of(one).title, kind_of(one).summary(one.facts)) for one in found]


@desk_page("use_desk")
def approval_list(request: HttpRequest) -> HttpResponse:
    """Everything that waits for a second person."""
    found = listed(first_page.waiting_approvals()[:SHOWN])
    return page(request, "support/desk/approvals.html", title=_("Waiting for approval"), approvals=found)


@desk_page("use_desk")
def approval(request: HttpRequest, public_id: object) -> HttpResponse:
    """One request: who asks for what and why, what will happen; POST approves or refuses it."""
    found = get_object_or_404(
        Approval.objects.select_related("customer", "made_by", "decided_by"), public_id=public_id
    )
    kind = kind_of(found)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _decide(request, found, form.cleaned_data["reason"])
    staff: Any = request.user
    own = found.made_by_id == staff.pk
    response = page(
        request,
        "support/desk/approval.html",
        title=f"{kind.title}: {kind.summary(found.facts)}",
        approval=found,
        kind=kind,
        sentences=kind.will_happen(found.facts),
        facts=kind.details(found.facts),
        own=own,
        # Another account of the same person is told so before they have written a reason.
        same=own or approvals.same_person(found.made_by_id, staff.pk),
        may_decide=kind.decides in rights_of(request),
        form=form,
        **kind.context(found),
    )
    response.status_code = 422 if form.errors else 200
    return response


def _decide(request: HttpRequest, found: Approval, reason: str) -> HttpResponse:
    decide = {"approve": approvals.approve, "refuse": approvals.refuse}.get(request.POST.get("do", ""))
    if decide is None:
        raise RoleMissing
    decide(found, reason=reason, actor=actor_of(request))
    done = {"approve": _("Approved."), "refuse": _("Refused. Nothing has changed.")}
    messages.success(request, done[request.POST["do"]])
    return redirect(_after(found))


def _after(found: Approval) -> str:
    if page_of_subject := kind_of(found).page(found):
        return page_of_subject
    if found.customer is not None:
        return reverse("admin:customer", args=[found.customer.public_id])
    return reverse("admin:approvals")
