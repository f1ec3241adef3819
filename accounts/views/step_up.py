"""A fresh proof: for the next five minutes, or for one thing that the page shows in words; then back, nothing lost."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts import step_up as rules
from accounts.actions.step_ups import find_challenge, step_up_session
from accounts.errors import StepUpOver
from accounts.forms.sign_in import SecondFactorForm
from accounts.models import StepUpChallenge
from accounts.two_factor.codes import APP_CODE, EVERY_CODE
from accounts.two_factor.methods import FactorProof, factors_of
from accounts.two_factor.passkeys.ceremonies import Question, ask_to_sign
from accounts.views.pages import (
    current_sign_in,
    home_of,
    posted,
    safe_next,
    signed_in_user,
    status_of,
    use_device,
)
from accounts.views.passkey_requests import answer_options, browser_bearer, wants_options
from wallet_site.parking import parked
from wallet_site.web import actor_of


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def step_up(request: HttpRequest) -> HttpResponse:
    """A passkey or a code, fresh; then back to where it was needed, under a new session id.

    With `challenge` in the address it shows what is confirmed. One that is over leads back too: what needs a proof
    asks anew there.
    """
    user = signed_in_user(request)
    try:
        challenge = find_challenge(request.GET.get("challenge"), actor=actor_of(request))
    except StepUpOver:
        return HttpResponseRedirect(_onward(request))
    bound_to = bytes(challenge.digest) if challenge else b""
    question = Question("step_up", browser_bearer(request), bound_to)
    if wants_options(request):
        return answer_options(lambda: ask_to_sign(question, user=user))
    recovery = "recovery" in request.GET and challenge is None
    form = SecondFactorForm(
        user,
        request,
        recovery=recovery,
        allowed=EVERY_CODE if challenge is None else APP_CODE,
        passkey_for=question,
        data=posted(request),
    )
    if request.method == "POST" and form.is_valid() and form.proof is not None:
        return _proven(request, form.proof, challenge)
    context = {
        "form": form,
        "challenge": challenge,
        "words": rules.words_of(challenge) if challenge else "",
        "recovery": recovery,
        "factors": factors_of(user.pk),
        "next": safe_next(request, home_of(user)),
        "other_way": _with(request, recovery=None if recovery else "yes"),
    }
    return render(request, "accounts/step_up.html", context, status=status_of(form.problem))


def _proven(request: HttpRequest, proof: FactorProof, challenge: StepUpChallenge | None) -> HttpResponse:
    request.session.cycle_key()
    use_device(request, proof.device)
    request.session.save()
    # It may have ended while the code was typed: on the way on it is asked anew.
    with suppress(StepUpOver):
        step_up_session(
            current_sign_in(request),
            proof,
            challenge=challenge,
            new_session_key=str(request.session.session_key),
            actor=actor_of(request),
        )
    return HttpResponseRedirect(_onward(request))


@never_cache
@require_safe
def go_on(request: HttpRequest) -> HttpResponse:
    """The form that had to wait, sent again by script or by its one button."""
    kept = parked(request, request.GET.get("parked", ""))
    if kept is None:
        return HttpResponseRedirect(safe_next(request, home_of(signed_in_user(request))))
    return render(request, "accounts/go_on.html", {"kept": kept})


def _onward(request: HttpRequest) -> str:
    """To the form that waits, or to the page that asked."""
    name = request.GET.get("parked", "")
    next_page = safe_next(request, home_of(signed_in_user(request)))
    if not name:
        return next_page
    return f"{resolve_url('accounts:go_on')}?{urlencode({'parked': name, 'next': next_page}, safe='/')}"


def _with(request: HttpRequest, **changed: Any) -> str:
    """This page's query, changed."""
    query = {
        name: request.GET[name] for name in ("next", "parked", "challenge", "recovery") if name in request.GET
    }
    kept = {name: value for name, value in (query | changed).items() if value is not None}
    return "?" + urlencode(kept, safe="/")
