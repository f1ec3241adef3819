"""What became of a charge that a bank took back, the customer's word about it, and "I did not make this payment"."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from payments import activity as words
from payments import dispute_queries, queries
from payments.actions.disputes import say
from payments.actions.payment_reports import is_reportable, report_payment
from payments.customers import customer_of
from payments.errors import NotReportable, PaymentNotFound
from payments.models import PaymentReport
from payments.report_forms import DisputeWordForm, ReportForm
from wallet_site.web import actor_of

SHOWN = 50


@require_GET
def disputes(request: HttpRequest) -> HttpResponse:
    """Every charge of the customer's that a bank took back, newest first."""
    found = list(dispute_queries.disputes_of(customer_of(request))[:SHOWN])
    return render(request, "payments/disputes.html", {"nav": "activity", "disputes": found})


@require_http_methods(["GET", "POST"])
def dispute(request: HttpRequest, dispute_id: UUID) -> HttpResponse:
    """What happened, in plain words; POST keeps the customer's word."""
    found = dispute_queries.dispute_of(customer_of(request), dispute_id)
    form = DisputeWordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        say(found, form.cleaned_data["said"], text=form.cleaned_data["text"], actor=actor_of(request))
        messages.success(request, _("Thank you. Our support has your answer."))
        return redirect("payments:dispute", found.public_id)
    context = {
        "nav": "activity",
        "dispute": found,
        "rest": found.amount - found.from_wallet,
        "form": form,
        "may_answer": found.is_open and not found.customer_said,
    }
    return render(request, "payments/dispute.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def report(request: HttpRequest, journal_id: int) -> HttpResponse:
    """Report a movement as not one's own; POST calls the desk and, as ticked, stops the money."""
    customer = customer_of(request)
    entry = queries.entry_of(customer.pk, journal_id)
    if entry is None:
        raise PaymentNotFound
    if not is_reportable(entry):
        raise NotReportable
    form = ReportForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        report_payment(
            customer,
            journal_id=journal_id,
            text=form.cleaned_data["text"],
            freeze=form.cleaned_data["freeze"],
            actor=actor_of(request),
        )
        return redirect("payments:report", journal_id)
    context = {
        "nav": "activity",
        "line": words.line_of(entry),
        "currency": entry.account.currency,
        "form": form,
        "reported": PaymentReport.objects.filter(user=customer, journal_id=journal_id).first(),
    }
    return render(request, "payments/report.html", context, status=422 if form.errors else 200)
