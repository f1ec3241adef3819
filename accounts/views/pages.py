"""What accounts' views share: who is signed in, a page with one form, a session that begins or goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import django_otp
from django.conf import settings
from django.contrib.auth import login, logout, update_session_auth_hash
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.actions.sign_ins import begin_sign_in, renew_key
from accounts.forms.fields import show_problem
from accounts.models import SignIn, User
from accounts.two_factor.methods import FactorProof
from wallet_site.browsers import recognise
from wallet_site.errors import InvalidInput, NotSignedIn, Problem, StepUpRequired
from wallet_site.web import actor_of

# A refusal for what was typed is an answer to a form; these are states that machines should see too.
_SHOWN_STATUS = (403, 409, 429, 503)


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody looks after their own factors: on the customers' pages, or in the desk's frame.

    `home` is the name of the page that lists them, `templates` the folder of the others, `frame` what those need.
    """

    home: str
    templates: str
    frame: Callable[[HttpRequest], Mapping[str, Any]]


CUSTOMERS: Final = Place("accounts:security", "accounts", lambda _request: {})


def signed_in_user(request: HttpRequest) -> User:
    """Who is signed in. Raises `NotSignedIn`; pages that are not public are closed before they get here."""
    if not isinstance(request.user, User):
        raise NotSignedIn
    return request.user


def current_sign_in(request: HttpRequest) -> SignIn:
    """The row of this browser's session, put on the request by the middleware."""
    sign_in: SignIn | None = getattr(request, "sign_in", None)
    if sign_in is None:
        raise NotSignedIn
    return sign_in


def status_of(problem: Problem | None) -> int:
    """The page's status when a form was refused."""
    return problem.status if problem and problem.status in _SHOWN_STATUS else 200


def form_page(
    request: HttpRequest,
    form: Form,
    template: str,
    act: Callable[[Form], HttpResponse],
    context: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Show `form`; when it is posted and can be read, do `act` and answer with what it answers.

    A `Problem` that `act` raises is shown at the form's fields; nothing else of the page is lost.
    """
    refused: Problem | None = None
    if request.method == "POST" and form.is_valid():
        try:
            return act(form)
        except (StepUpRequired, NotSignedIn):
            raise
        except Problem as problem:
            show_problem(form, problem)
            refused = problem
    page = render(request, template, {"form": form, **(context or {})}, status=status_of(refused))
    if refused and refused.retry_after:
        page["Retry-After"] = str(refused.retry_after)
    return page


def posted(request: HttpRequest) -> Any:
    """What a form is bound to: the posted values, or None on a GET."""
    return request.POST if request.method == "POST" else None


def require_one(request: HttpRequest, name: str) -> None:
    """Raise `InvalidInput` unless the form names one value: a second would leave it to chance which is read."""
    if len(request.POST.getlist(name)) != 1:
        raise InvalidInput


def open_session(request: HttpRequest, user: User, proof: FactorProof) -> None:
    """Sign `user` in here, verified by `proof`, under a new session id, and write the session down.

    Nothing that the browser's earlier session held is carried over.
    """
    request.session.flush()
    user.otp_device = proof.device  # type: ignore[attr-defined]
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.save()
    key = request.session.session_key
    if key is None:
        raise NotSignedIn
    try:
        actor = replace(actor_of(request), browser=recognise(request))
        begin_sign_in(user, session_key=key, factor=proof.method, actor=actor)
    except Problem:
        logout(request)
        raise


def go_on_under_new_id(request: HttpRequest, user: User) -> None:
    """After a credential change this browser stays signed in, under a new session id (requirements 31, 32).

    Should the process die in between, the browser is signed out: nobody else's session gains by it.
    """
    update_session_auth_hash(request, user)  # cycles the key
    request.session.save()
    renew_key(
        str(current_sign_in(request).public_id),
        new_session_key=str(request.session.session_key),
        actor=actor_of(request),
    )


def use_device(request: HttpRequest, device: Any) -> None:
    """From now on this session counts as verified by `device`."""
    django_otp.login(request, device)


def safe_next(request: HttpRequest, otherwise: str) -> str:
    """Where to go on: `next` when it is a path of this portal, else `otherwise`."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    # "home" alone would be read as the name of a page, and one that there is not as an error.
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts=None, require_https=request.is_secure()
    ):
        return wanted
    return resolve_url(otherwise)


def home_of(user: User) -> str:
    """The first page of a customer or of a member of staff."""
    return resolve_url("admin:index" if user.is_staff else "payments:home")


def speak(response: HttpResponse, language: str) -> HttpResponse:
    """Let the pages speak the person's language from the next one on."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        path=settings.LANGUAGE_COOKIE_PATH,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
    return response
