"""How requests become actors, how refusals become pages, and who may see which page at all."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlencode

import structlog
import ua_parser
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy as _

from wallet_site.actor import Actor
from wallet_site.browsers import browser_of
from wallet_site.errors import NotAllowed, NotSignedIn, Problem, StepUpRequired
from wallet_site.parking import park

GetResponse = Callable[[HttpRequest], HttpResponse]
View = TypeVar("View", bound=Callable[..., Any])

# A page is closed unless it says otherwise, in one word at the view.
public = login_not_required


def staff_too(view: View) -> View:
    """Marks a page of customers that staff need as well: confirming a second factor, signing out."""
    view.staff_too = True  # type: ignore[attr-defined]
    return view


class TrustedNetworkMiddleware:
    """Puts the client's real address into REMOTE_ADDR and throws away forwarding headers nobody vouches for.

    `TRUSTED_PROXIES` = n means: the n-th address from the right of X-Forwarded-For was written by our own outermost
    proxy. With 0 the headers are a stranger's words and are removed.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        proxies = settings.TRUSTED_PROXIES
        forwarded = request.META.pop("HTTP_X_FORWARDED_FOR", "")
        request.META.pop("HTTP_X_FORWARDED_HOST", None)
        request.META.pop("HTTP_FORWARDED", None)
        if not proxies:
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
        if proxies and len(hops) >= proxies:
            request.META["REMOTE_ADDR"] = hops[-proxies]
        request.META["REMOTE_ADDR"] = _address(request.META.get("REMOTE_ADDR", ""))
        return self.get_response(request)


def _address(text: str) -> str:
    """A valid address in its shortest form; an IPv4 inside IPv6 as IPv4. A unix socket's "" is this machine."""
    try:
        address = ipaddress.ip_address(text or "127.0.0.1")
    except ValueError:
        return "0.0.0.0"  # noqa: S104  (a name for "unreadable", nothing is bound)
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def device_label(user_agent: str) -> str:
    """ "Chrome on Windows" for people; "" when nothing is known."""
    if not user_agent:
        return ""
    parsed = ua_parser.parse(user_agent[:500])
    browser = parsed.user_agent.family if parsed.user_agent else ""
    system = parsed.os.family if parsed.os else ""
    return " on ".join(part for part in (browser, system) if part)[:80]


def actor_of(request: HttpRequest) -> Actor:
    """Who makes this request, as actions, audit and triggers know them.

    `sign_in_id` and `verified_at` are put on the request by accounts' middleware, `token_id` by the API's
    authentication.
    """
    user = getattr(request, "user", None)
    signed_in = bool(user is not None and user.is_authenticated)
    staff = signed_in and bool(getattr(user, "is_staff", False))
    return Actor(
        kind="staff" if staff else "customer" if signed_in else "anonymous",
        user_id=user.pk if signed_in and user is not None else None,
        session_id=getattr(request, "sign_in_id", None),
        token_id=getattr(request, "token_id", None),
        network=request.META.get("REMOTE_ADDR", ""),
        device=device_label(request.headers.get("User-Agent", "")),
        browser=browser_of(request),
        request_id=_request_id(request),
        verified_at=getattr(request, "verified_at", None),
    )


def _request_id(request: HttpRequest) -> str:
    bound = structlog.contextvars.get_contextvars()
    return str(bound.get("request_id", "") or request.headers.get("X-Request-ID", "")[:64])


class ProblemPageMiddleware:
    """Turns a refusal that no form has shown into a page that says what to do next."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Only `Problem`s: anything else is a bug and stays one."""
        if not isinstance(exception, Problem):
            return None
        if isinstance(exception, NotSignedIn):
            return to_sign_in(request)
        if isinstance(exception, StepUpRequired):
            return to_step_up(request, exception)
        return problem_page(request, exception)


def problem_page(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The page of one refusal, with its status and, where known, when to try again."""
    response = render(request, "errors/problem.html", {"problem": problem}, status=problem.status)
    if problem.retry_after:
        response["Retry-After"] = str(problem.retry_after)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was open too long, or that another site sent: nothing was done."""
    return problem_page(
        request,
        NotAllowed(
            _("This form is no longer valid. Nothing has changed. Go back, reload the page and try again.")
        ),
    )


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Where somebody goes who is not signed in; an htmx request moves the whole page there."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": resolve_url(settings.LOGIN_URL)})
    return redirect_to_login(request.get_full_path(), resolve_url(settings.LOGIN_URL))


def to_step_up(request: HttpRequest, refusal: StepUpRequired | None = None) -> HttpResponse:
    """The page that asks for a fresh second factor, and comes back to where it was needed with nothing lost.

    A POST is parked: it is sent again afterwards. Where the refusal puts a question, the page shows it.
    """
    is_post = request.method == "POST"
    query = {"next": request.path if is_post else request.get_full_path()}
    # What a script sent cannot be sent again as a form.
    if is_post and request.accepts("text/html") and (name := park(request)):
        query["parked"] = name
    if refusal is not None and (challenge := refusal.extra.get("step_up", {}).get("challenge")):
        query["challenge"] = challenge
    address = f"{reverse('accounts:step_up')}?{urlencode(query, safe='/')}"
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


class AccessMiddleware:
    """Closes every page to everybody who has not proven a second factor; parts customers from staff.

    Views open themselves with `@public`. The API's views do their own authentication and are closed by DRF's default
    permission. Staff see the admin and nothing else, customers never learn that there is one (requirements 7, 13, 38).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated and not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
            response["Cache-Control"] = "no-store, private"
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        """Runs for every method, so a POST is guarded like a GET."""
        if not getattr(view, "login_required", True):
            return None
        user: Any = request.user
        if not user.is_authenticated or not user.is_verified():
            return to_sign_in(request)
        in_admin = bool(request.resolver_match and request.resolver_match.app_names[:1] == ["admin"])
        if user.is_staff and not in_admin and not getattr(view, "staff_too", False):
            return HttpResponseRedirect(reverse("admin:index"))
        if in_admin and not user.is_staff:
            raise Http404
        return None


def portal_context(request: HttpRequest) -> dict[str, object]:
    """What every page may show: the operator's name and number, and whether this is a demo."""
    return {
        "operator_name": settings.OPERATOR_NAME,
        "support_phone": settings.SUPPORT_PHONE,
        "is_demo": settings.DEVELOPMENT,
    }
