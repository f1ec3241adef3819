"""Asking to pay a claim out. What is approved is booked by `support.actions.claims`."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from payments.dispute_queries import is_contested
from payments.models import Claim, ClaimState, ClaimWay
from support.actions.claims import ask_to_pay_out
from support.forms.claims import PayClaimForm
from support.views.access import desk_page, page
from wallet_site.money import format_money
from wallet_site.web import actor_of


@desk_page("work_cases")
def pay_claim(request: HttpRequest, public_id: object) -> HttpResponse:
    """One claim that the desk owes: the transfer's number, and a second person."""
    claim = get_object_or_404(
        Claim.objects.select_related("user"), public_id=public_id, state=ClaimState.OWED, way=ClaimWay.DESK
    )
    form = PayClaimForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        ask_to_pay_out(claim, actor=actor_of(request), **form.cleaned_data)
        messages.success(request, _("Asked for. It waits for another member of staff to approve."))
        return redirect("admin:customer", claim.user.public_id)
    amount = format_money(claim.amount, claim.currency)
    sentences = [
        _("Nothing changes yet: another member of staff has to approve within 24 hours."),
        _("Then %(amount)s are booked as paid and the customer is told.") % {"amount": amount},
    ]
    staff: Any = request.user
    response = page(
        request,
        "support/desk/form.html",
        title=_("Pay out a claim"),
        customer=claim.user,
        form=form,
        sentences=sentences,
        button=_("Ask to pay it out"),
        staff_name=staff.full_name,
        claim_disputed=is_contested(claim.top_up_id),
    )
    response.status_code = 422 if form.errors else 200
    return response
