"""Disputes: the queue with the processor's clocks, and one with everything that speaks about it."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from payments.models import Dispute, DisputeAnswer, DisputeState
from support.actions.disputes import AnswerDispute, ask_to_contest, ask_to_give_up
from support.errors import RoleMissing
from support.forms.fields import ReasonForm, text_field
from support.models import Approval
from support.queries.dispute_evidence import as_texts, gather
from support.queries.disputes import disputes
from support.views.access import desk_page, page
from wallet_site.web import actor_of

SHOWN = 100


class ContestForm(ReasonForm):
    """What the bank should read beside the evidence, and why for the desk."""

    remarks = text_field(
        gettext_lazy("Remarks for the bank"),
        required=False,
        help_text=gettext_lazy("In English; they follow the gathered evidence."),
    )
    field_order = ("remarks", "reason")


@require_safe
@desk_page("use_desk")
def dispute_list(request: HttpRequest) -> HttpResponse:
    """Open disputes, whose answer is due first on top; `?all` with the decided ones."""
    everything = "all" in request.GET
    return page(
        request,
        "support/desk/disputes.html",
        title=_("Disputes"),
        disputes=disputes(only_open=not everything)[:SHOWN],
        everything=everything,
    )


@desk_page("use_desk")
def dispute(request: HttpRequest, public_id: object) -> HttpResponse:
    """One dispute with its evidence; POST asks a second person to contest it or to give it up."""
    found = get_object_or_404(
        Dispute.objects.select_related("top_up__user", "top_up__card"), public_id=public_id
    )
    contest = request.POST.get("do") == "contest"
    forms_given = (ContestForm(request.POST if contest else None, prefix="contest"), _give_up_form(request))
    if request.method == "POST":
        form: forms.Form = forms_given[0] if contest else forms_given[1]
        if form.is_valid():
            return _ask(request, found, form.cleaned_data)
    evidence = gather(found)
    response = page(
        request,
        "support/desk/dispute.html",
        title=_("Dispute"),
        customer=found.top_up.user,
        dispute=found,
        rest=found.amount - found.from_wallet,
        evidence=evidence,
        texts=as_texts(evidence),
        answer=DisputeAnswer.objects.filter(dispute=found).first(),
        waiting=Approval.objects.filter(
            kind=AnswerDispute.name, subject_id=found.pk, state="waiting"
        ).first(),
        is_answerable=found.state == DisputeState.NEEDS_RESPONSE,
        contest_form=forms_given[0],
        give_up_form=forms_given[1],
    )
    response.status_code = 422 if any(form.errors for form in forms_given) else 200
    return response


def _give_up_form(request: HttpRequest) -> ReasonForm:
    return ReasonForm(request.POST if request.POST.get("do") == "give_up" else None, prefix="give-up")


def _ask(request: HttpRequest, found: Dispute, given: dict[str, str]) -> HttpResponse:
    actor = actor_of(request)
    if request.POST.get("do") == "contest":
        ask_to_contest(found, remarks=given["remarks"], reason=given["reason"], actor=actor)
    elif request.POST.get("do") == "give_up":
        ask_to_give_up(found, reason=given["reason"], actor=actor)
    else:
        raise RoleMissing
    messages.success(request, _("Asked for. It waits for another member of staff to approve."))
    return redirect("admin:dispute", found.public_id)
