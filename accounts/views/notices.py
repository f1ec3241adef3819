"""The page on which somebody chooses their receipts, and reads what is told in any case."""

from __future__ import annotations

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.actions.preferences import choose_receipts
from accounts.forms.security import ReceiptsForm
from accounts.notice_preferences import Receipts, louder_until, receipts_of
from accounts.notice_targets import targets_of
from accounts.views.pages import form_page, posted, signed_in_user
from wallet_site.money import parse_amount
from wallet_site.web import actor_of


@require_http_methods(["GET", "HEAD", "POST"])
def notices(request: HttpRequest) -> HttpResponse:
    """To get fewer receipts asks for a fresh second factor; the form comes back by itself after it."""
    user = signed_in_user(request)
    chosen = receipts_of(user.pk)

    def act(form: Form) -> HttpResponse:
        values = form.cleaned_data
        wanted = Receipts(
            by_email=values["receipts_by_email"],
            by_push=values["receipts_by_push"],
            email_from_minor=_amount(values["receipts_email_from"]),
        )
        choose_receipts(user, wanted, actor=actor_of(request))
        messages.success(request, _("Your choice is saved."))
        return redirect("accounts:notices")

    initial = {
        "receipts_by_email": chosen.by_email,
        "receipts_by_push": chosen.by_push,
        "receipts_email_from": f"{chosen.email_from_minor:,}",
    }
    targets = targets_of(user.pk)
    context = {
        "louder_until": louder_until(user.pk),
        "told_at": [one for one in targets if one.channel != "push"],
        "phones_told": sum(one.channel == "push" for one in targets),
    }
    form = ReceiptsForm(posted(request), initial=initial)
    return form_page(request, form, "accounts/notices.html", act, context)


def _amount(text: str) -> int:
    """Like every amount, and zero."""
    return (
        0
        if text.strip("0 ,¥円") == "" and "0" in text
        else parse_amount(text, pointer="/receipts_email_from")
    )
