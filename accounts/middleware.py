"""Whether the session that a request brings still counts: asked at every request, answered by the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth import logout
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.actions.sign_ins import session_digest
from accounts.models import SignIn
from accounts.policy import restrictions, stops
from accounts.queries import being_recovered, session_lifetimes
from wallet_site.browsers import keep_secret
from wallet_site.switches.asking import pulled_now
from wallet_site.switches.errors import SwitchedOff
from wallet_site.web import problem_page

# How often "last seen" is written; finer is of no use to people and a write per request to the database.
_SEEN_EVERY = timedelta(minutes=1)


class SignInMiddleware:
    """Ends a session that was ended elsewhere, is idle or too old, or whose owner is suspended from signing in.

    Puts `sign_in`, `sign_in_id`, `verified_at`, `restrictions`, `pulled_switches` and `is_being_recovered` on the
    request. Customers: 30 minutes idle, 12 hours in all; staff: 15 minutes and 8 hours (requirement 32). A session
    without its row (made by hand in the table) is no session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user: Any = request.user if request.session.session_key else None
        if user is not None and user.is_authenticated:
            self._admit(request, user)
        response = self.get_response(request)
        keep_secret(request, response)
        return response

    def _admit(self, request: Any, user: Any) -> None:
        sign_in = (
            SignIn.objects.annotate(pulled=pulled_now(), is_being_recovered=being_recovered())
            .filter(
                session_digest=session_digest(request.session.session_key), user_id=user.pk, ended_at=None
            )
            .first()
        )
        live = restrictions(user.pk)
        stopped = any(stops(suspension, "sign_in") for suspension in live)
        if sign_in is None or self._over(sign_in, user) or stopped:
            logout(request)
            return
        request.restrictions = live
        request.pulled_switches = sign_in.pulled
        request.sign_in = sign_in
        request.is_being_recovered = sign_in.is_being_recovered
        request.sign_in_id = str(sign_in.public_id)
        request.verified_at = sign_in.verified_at
        if timezone.now() - sign_in.last_seen_at > _SEEN_EVERY:
            SignIn.objects.filter(pk=sign_in.pk).update(last_seen_at=Now())

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        """While signing in is stopped for everybody, customers who are in see that and nothing else; they stay in."""
        stopped = "sign_in" in getattr(request, "pulled_switches", ())
        if (
            not stopped
            or getattr(request.user, "is_staff", False)
            or not getattr(view, "login_required", True)
        ):
            return None
        return problem_page(request, SwitchedOff("sign_in"))

    def _over(self, sign_in: SignIn, user: Any) -> bool:
        idle, total = session_lifetimes(is_staff=user.is_staff)
        now = timezone.now()
        return bool(now - sign_in.last_seen_at > idle or now - sign_in.started_at > total)
