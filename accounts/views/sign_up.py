"""The five steps of signing up. The browser's session holds only the sign-up's id; everything else rests in its row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import queries
from accounts.actions import sign_up_factors, sign_ups
from accounts.errors import SignUpOver
from accounts.forms.passkeys import PasskeyForm
from accounts.forms.sign_up import AboutForm, AddressForm, AppForm, MailCodeForm, SavedForm
from accounts.models import SignUp, User
from accounts.two_factor.enrolment import grouped_key, provisioning_uri, qr_svg
from accounts.views.pages import form_page, home_of, open_session, posted, require_one, speak
from accounts.views.passkey_requests import answer_options, wants_options
from wallet_site.errors import Problem
from wallet_site.web import actor_of

SESSION_KEY = "sign_up"
STEP_PAGES = {
    "code": "accounts:sign_up_code",
    "about": "accounts:sign_up_about",
    "factor": "accounts:sign_up_factor",
    "saved": "accounts:sign_up_saved",
}
StepView = Callable[[HttpRequest, SignUp], HttpResponse]


def step(name: str) -> Callable[[StepView], Callable[[HttpRequest], HttpResponse]]:
    """A view that is shown only when the sign-up is exactly at this step; otherwise the right step is."""

    def wrap(view: StepView) -> Callable[[HttpRequest], HttpResponse]:
        @never_cache
        @sensitive_post_parameters()
        @require_http_methods(["GET", "HEAD", "POST"])
        def guarded(request: HttpRequest) -> HttpResponse:
            sign_up = queries.sign_up_in_progress(request.session.get(SESSION_KEY))
            if sign_up is None:
                return redirect("accounts:sign_up")
            here = queries.step_of(sign_up)
            if here != name:
                return redirect(STEP_PAGES[here])
            try:
                return view(request, sign_up)
            except SignUpOver as over:
                request.session.pop(SESSION_KEY, None)
                messages.warning(request, str(over.detail))
                return redirect("accounts:sign_up")

        return guarded

    return wrap


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def address(request: HttpRequest) -> HttpResponse:
    """Step 1. The answer is the same whether the address has an account or not."""
    if isinstance(request.user, User):
        return HttpResponseRedirect(home_of(request.user))

    def act(form: Form) -> HttpResponse:
        require_one(request, "email")
        sign_up = sign_ups.begin_sign_up(
            form.cleaned_data["email"], language=get_language() or "ja", actor=actor_of(request)
        )
        request.session.cycle_key()
        request.session[SESSION_KEY] = str(sign_up.pk)
        return redirect("accounts:sign_up_code")

    return form_page(request, AddressForm(posted(request)), "accounts/sign_up/address.html", act)


@step("code")
def code(request: HttpRequest, sign_up: SignUp) -> HttpResponse:
    """Step 2: the code from the mail."""

    def act(form: Form) -> HttpResponse:
        sign_ups.confirm_address(sign_up.pk, form.cleaned_data["code"], actor=actor_of(request))
        return redirect("accounts:sign_up_about")

    form = MailCodeForm(posted(request))
    return form_page(request, form, "accounts/sign_up/code.html", act, {"address": sign_up.email})


@require_POST
def resend(request: HttpRequest) -> HttpResponse:
    """Another code; the one before is dead."""
    sign_up_id = _session_id(request)
    if sign_up_id is None:
        return redirect("accounts:sign_up")
    try:
        sign_ups.resend_code(sign_up_id, actor=actor_of(request))
    except Problem as problem:
        messages.error(request, str(problem.detail))
    else:
        messages.success(request, _("We have sent a new code. The one before no longer works."))
    return redirect("accounts:sign_up_code")


@step("about")
def about(request: HttpRequest, sign_up: SignUp) -> HttpResponse:
    """Step 3: name and password."""

    def act(form: Form) -> HttpResponse:
        values = form.cleaned_data
        sign_ups.describe_person(
            sign_up.pk, full_name=values["full_name"], password=values["password"], actor=actor_of(request)
        )
        return redirect("accounts:sign_up_factor")

    form = AboutForm(posted(request), initial={"username": sign_up.email})
    return form_page(request, form, "accounts/sign_up/about.html", act)


@step("factor")
def factor(request: HttpRequest, sign_up: SignUp) -> HttpResponse:
    """Step 4: a passkey made on this device, or on to the authenticator app."""
    if wants_options(request):
        return answer_options(lambda: sign_up_factors.begin_passkey(sign_up.pk))

    def act(form: Form) -> HttpResponse:
        values = form.cleaned_data
        sign_up_factors.prove_passkey(
            sign_up.pk,
            ceremony=values["ceremony"],
            credential=values["credential"],
            actor=actor_of(request),
        )
        return redirect("accounts:sign_up_saved")

    return form_page(request, PasskeyForm(posted(request)), "accounts/sign_up/factor.html", act)


@step("factor")
def app(request: HttpRequest, sign_up: SignUp) -> HttpResponse:
    """Step 4 by an authenticator app, by picture or typed key."""

    def act(form: Form) -> HttpResponse:
        sign_up_factors.prove_app(sign_up.pk, form.cleaned_data["code"], actor=actor_of(request))
        return redirect("accounts:sign_up_saved")

    context = enrolment_context(sign_up.totp_seed or "", sign_up.email)
    return form_page(request, AppForm(posted(request)), "accounts/sign_up/app.html", act, context)


def enrolment_context(seed: str, account: str) -> dict[str, Any]:
    """What a page shows to bind an app."""
    uri = provisioning_uri(seed, account)
    return {"qr": qr_svg(uri), "key": grouped_key(seed), "plain_key": seed, "uri": uri}


@step("saved")
def saved(request: HttpRequest, sign_up: SignUp) -> HttpResponse:
    """Step 5: the recovery codes, shown until they are said to be saved; then the account opens."""

    def act(form: Form) -> HttpResponse:
        opened = sign_ups.open_account(sign_up.pk, actor=actor_of(request))
        open_session(request, opened.user, opened.proof)
        messages.success(request, _("Welcome. Your wallet is open."))
        return speak(HttpResponseRedirect(home_of(opened.user)), opened.user.language)

    codes = sign_up.recovery_codes or ""
    context = {"codes": codes.split("\n"), "codes_text": codes}
    return form_page(request, SavedForm(posted(request)), "accounts/sign_up/saved.html", act, context)


def _session_id(request: HttpRequest) -> UUID | None:
    sign_up = queries.sign_up_in_progress(request.session.get(SESSION_KEY))
    return sign_up.pk if sign_up else None
