"""What is stopped, why, until when and whom to call: for a customer who can still sign in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.notices.warnings import suspension_facts
from accounts.policy import restrictions
from support.actions.cases import appeal
from support.forms.customer import AppealForm
from support.models import Case
from wallet_site.web import actor_of


def restricted(request: HttpRequest) -> HttpResponse:
    """The live restrictions and a form to object; POST opens a case, or adds to the one that is open."""
    customer: Any = request.user
    live = restrictions(customer.pk)
    form = AppealForm(request.POST or None)
    if request.method == "POST" and live and form.is_valid():
        appeal(customer, text=form.cleaned_data["text"], actor=actor_of(request))
        messages.success(
            request, _("Thank you. Your message is with our support; we answer within two days.")
        )
        return redirect("support:restricted")
    waiting = Case.objects.filter(customer=customer, queue=Case.Queue.APPEAL, state=Case.State.OPEN).first()
    context = {
        "stops": [suspension_facts(one) for one in live],
        "form": form,
        "waiting": waiting,
    }
    return render(request, "support/restricted.html", context, status=422 if form.errors else 200)
