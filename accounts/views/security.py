"""The security page, signed-in devices and preferences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import logout
from django.forms import Form
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import policy, queries, sign_in_history
from accounts.actions.api_devices import revoke
from accounts.actions.profiles import change_language
from accounts.actions.sign_ins import end_all_others, end_everywhere, end_sign_in
from accounts.forms.security import PreferencesForm
from accounts.models import ApiDevice, SignIn
from accounts.notices.warnings import suspension_facts
from accounts.views.pages import current_sign_in, form_page, posted, signed_in_user, speak
from wallet_site.errors import NotFound
from wallet_site.spreadsheets import csv_response
from wallet_site.web import actor_of

THEME_COOKIE = "theme"
YEAR_SECONDS = 365 * 24 * 3600


@require_GET
def security(request: HttpRequest) -> HttpResponse:
    """Ways to sign in, signed-in devices, recent changes, and what is stopped."""
    user = signed_in_user(request)
    here = current_sign_in(request)
    context: dict[str, Any] = {
        "nav": "security",
        "security": queries.security_of(user),
        "here": here,
        "cool_offs": policy.cool_offs(user.pk),
        "stops": [suspension_facts(one) for one in getattr(request, "restrictions", [])],
    }
    return render(request, "accounts/security.html", context)


@require_http_methods(["GET", "HEAD"])
def sessions(request: HttpRequest) -> HttpResponse:
    """Every browser and app that is signed in, each with a button that ends it."""
    user = signed_in_user(request)
    context = {"nav": "security", "security": queries.security_of(user), "here": current_sign_in(request)}
    return render(request, "accounts/sessions.html", context)


@require_POST
def end_session(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """End one of one's own browser sessions; somebody else's is not found."""
    sign_in = SignIn.objects.filter(user=signed_in_user(request), public_id=public_id).first()
    if sign_in is None:
        raise NotFound
    end_sign_in(sign_in, why="ended_by_owner", actor=actor_of(request))
    messages.success(request, _("The device is signed out."))
    return redirect("accounts:sessions")


@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out every browser and app but this one."""
    end_all_others(signed_in_user(request), actor=actor_of(request))
    messages.success(request, _("Everything else is signed out."))
    return redirect("accounts:sessions")


@require_POST
def end_all_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out everything, this browser too."""
    end_everywhere(signed_in_user(request), actor=actor_of(request))
    logout(request)
    messages.success(request, _("You are signed out everywhere."))
    return redirect("accounts:sign_in")


@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """Every try to sign in, newest first. htmx gets the next rows alone."""
    page = sign_in_history.history_page(signed_in_user(request).pk, before=_number(request.GET.get("before")))
    context = {"nav": "security", "attempts": page.attempts, "next_url": ""}
    if page.next_before is not None:
        context["next_url"] = f"{reverse('accounts:sign_in_history')}?before={page.next_before}"
    is_part = bool(request.headers.get("HX-Request"))
    template = "accounts/history_more.html" if is_part else "accounts/history.html"
    response = render(request, template, context)
    response["Vary"] = "HX-Request, Cookie"
    return response


def _number(text: str | None) -> int | None:
    """A key from the address; nonsense is the first page."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 18 else None


@require_GET
def history_file(request: HttpRequest) -> StreamingHttpResponse:
    """The whole history as a file for a spreadsheet."""
    user = signed_in_user(request)
    # Read as it is sent, when the page's language is no longer active: the words are those of now.
    language = get_language() or user.language
    rows = _in_language(language, sign_in_history.history_rows(user.pk))
    return csv_response(f"sign-ins-{user.customer_number}", sign_in_history.history_header(), rows)


def _in_language(language: str, rows: Iterator[list[str]]) -> Iterator[list[str]]:
    while True:
        with translation.override(language):
            row = next(rows, None)
        if row is None:
            return
        yield row


@require_POST
def end_app(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Sign an app on a device out for good."""
    device = ApiDevice.objects.filter(user=signed_in_user(request), public_id=public_id).first()
    if device is None:
        raise NotFound
    revoke(device, why="ended_by_owner", actor=actor_of(request))
    messages.success(request, _("The device is signed out."))
    return redirect("accounts:sessions")


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Language (kept with the person) and appearance (kept on this device)."""
    user = signed_in_user(request)

    def act(form: Form) -> HttpResponse:
        language, theme = form.cleaned_data["language"], form.cleaned_data["theme"]
        change_language(user, language=language, actor=actor_of(request))
        messages.success(request, _("Your preferences are saved."))
        return _with_theme(
            speak(redirect("accounts:preferences"), language), theme, secure=request.is_secure()
        )

    theme = request.COOKIES.get(THEME_COOKIE)
    initial = {"language": user.language, "theme": theme if theme in ("light", "dark") else "auto"}
    form = PreferencesForm(posted(request), initial=initial)
    return form_page(request, form, "accounts/preferences.html", act)


def _with_theme(response: HttpResponse, theme: str, *, secure: bool) -> HttpResponse:
    """The cookie that page.js reads and writes too, so it is open to scripts; it says nothing secret."""
    if theme == "auto":
        response.delete_cookie(THEME_COOKIE)
    else:
        response.set_cookie(THEME_COOKIE, theme, max_age=YEAR_SECONDS, samesite="Lax", secure=secure)
    return response
