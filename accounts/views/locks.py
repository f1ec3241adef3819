"""Stopping one's account without signing in. Three pages that anybody can open, and that tell nobody anything."""

from __future__ import annotations

from uuid import UUID

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.actions.locks import ask_lock, confirm_lock
from accounts.forms.lock import LockAddressForm, LockCodeForm
from accounts.views.pages import form_page, posted, require_one
from wallet_site.web import actor_of

SESSION_KEY = "account_lock"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """One address, once. Whether an account has it is neither said nor to be measured."""

    def act(form: Form) -> HttpResponse:
        require_one(request, "email")
        asked = ask_lock(form.cleaned_data["email"], actor=actor_of(request))
        request.session[SESSION_KEY] = str(asked.pk)
        return redirect("accounts:lock_code")

    present = getattr(request.user, "email", "")
    form = LockAddressForm(posted(request), initial={"email": present})
    return form_page(request, form, "accounts/lock/ask.html", act)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """The code from the mail stops the account."""
    asked = request.session.get(SESSION_KEY)
    if not asked:
        return redirect("accounts:lock")

    def act(form: Form) -> HttpResponse:
        confirm_lock(UUID(asked), form.cleaned_data["code"], actor=actor_of(request))
        request.session.flush()
        return render(request, "accounts/lock/done.html")

    return form_page(request, LockCodeForm(posted(request)), "accounts/lock/code.html", act)
