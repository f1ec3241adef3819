"""The guided page of the desk for somebody who has lost access."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.actions.recoveries.steps import open_recovery
from accounts.models import Recovery, RecoveryState, User
from accounts.notice_targets import targets_of
from support.actions import recoveries
from support.forms.fields import ReasonForm
from support.models import Approval
from support.queries.recoveries import steps_of
from support.views.access import customer_or_404, desk_page, page
from wallet_site.web import actor_of


@desk_page("ask_recovery")
def recovery(request: HttpRequest, public_id: object) -> HttpResponse:
    """Where it stands, what to say on the phone, and the one or two things that can be done now."""
    person = customer_or_404(public_id)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        _act(request, person, form.cleaned_data["reason"])
        return redirect("admin:recovery", person.public_id)
    under_way = open_recovery(person.pk)
    response = page(
        request,
        "support/desk/recovery.html",
        title=_("Lost access"),
        customer=person,
        form=form,
        recovery=under_way,
        steps=steps_of(person.pk),
        targets=targets_of(person.pk),
        **_offers(under_way),
    )
    response.status_code = 422 if form.errors else 200
    return response


def _offers(under_way: Recovery | None) -> dict[str, Any]:
    may_start = under_way is None or under_way.state == RecoveryState.REQUESTED
    waiting = None
    if under_way is not None and under_way.state == RecoveryState.STARTED:
        waiting = Approval.objects.filter(
            kind=recoveries.StartRecovery.name, subject_id=under_way.pk, state=Approval.State.WAITING
        ).first()
    return {
        "may_start": may_start,
        "may_end": under_way is not None,
        "may_resend": under_way is not None and under_way.state == RecoveryState.READY,
        "approval": waiting,
    }


def _act(request: HttpRequest, person: User, reason: str) -> None:
    actor = actor_of(request)
    wanted = request.POST.get("do")
    if wanted == "end":
        recoveries.end_recovery(person, reason=reason, actor=actor)
        messages.success(request, _("Ended. The customer is told."))
    elif wanted == "resend":
        recoveries.send_link_again(person, actor=actor)
        messages.success(request, _("A new link is on its way to the address on file."))
    else:
        recoveries.start_recovery(person, reason=reason, actor=actor)
        messages.success(request, _("Asked for. It waits for another member of staff to approve."))
