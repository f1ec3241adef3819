"""The pages behind the "this was not me" links. Looking changes nothing; only the button acts (requirement 28)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import limits
from accounts.actions.reports import report_sign_in as report_sign_in_action
from accounts.actions.reports import reports_of
from accounts.actions.undo import undo_change
from accounts.errors import LinkOver
from accounts.forms.security import ReportSignInForm, UndoForm
from accounts.models import ChangeUndo
from accounts.notices.changes import change_facts
from accounts.notices.sign_ins import sign_in_facts
from accounts.undo_links import ends_at, read_link, read_sign_in_link
from accounts.views.pages import posted
from wallet_site.web import actor_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, token: str) -> HttpResponse:
    """Explain what changed; on the button stop everything and put it back. Nobody is signed in by it.

    The box must be ticked first: mail scanners press buttons, but they answer no questions.

    A link that is cut, foreign or too old gets a calm page, and tells nothing about any account.
    """
    link = read_link(token)
    if link is None:
        return _over(request)
    form = UndoForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            done = undo_change(token, actor=actor_of(request))
        except LinkOver:
            return render(request, "accounts/undo/over.html", status=410)
        return render(
            request,
            "accounts/undo/done.html",
            {"undo": done.undo, "is_first": done.is_first, "facts": change_facts(link.change)},
        )
    context = {
        "form": form,
        "facts": change_facts(link.change),
        "until": ends_at(link.change),
        "is_used": ChangeUndo.objects.filter(change=link.change).exists(),
    }
    return render(request, "accounts/undo/ask.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report_sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """The same for a sign-in: explain which, and on the button stop everything and call the desk."""
    link = read_sign_in_link(token)
    if link is None:
        return _over(request)
    facts = sign_in_facts(link.subject, at=link.at)
    form = ReportSignInForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            done = report_sign_in_action(token, actor=actor_of(request))
        except LinkOver:
            return render(request, "accounts/undo/over.html", status=410)
        return render(request, "accounts/undo/done.html", {"is_first": done.is_first, "facts": facts})
    context = {"form": form, "facts": facts, "is_sign_in": True, "is_used": reports_of(link).exists()}
    return render(request, "accounts/undo/ask.html", context)


def _over(request: HttpRequest) -> HttpResponse:
    """A link that stands for nothing. Trying such links is limited; nothing is told about any account."""
    limits.UNDO_NETWORK.take(limits.network_key(actor_of(request).network))
    return render(request, "accounts/undo/over.html", status=410)
