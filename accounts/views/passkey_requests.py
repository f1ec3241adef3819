"""How a page and its script speak about passkeys (static/js/passkeys.js).

The script sends the page's own form with `passkey_options` to get the question, and then the form with the answer in
its hidden fields: so the question is guarded exactly as the page is, and the answer is a form like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.encoding import force_str

from accounts.two_factor.passkeys.ceremonies import Asked
from wallet_site.crypto import new_token
from wallet_site.errors import NotSignedIn, Problem, StepUpRequired

_BEARER: Final = "passkey_bearer"


def browser_bearer(request: HttpRequest) -> str:
    """The name under which this browser's session asks and answers. It outlives a new session id, not a sign-out."""
    bearer = request.session.get(_BEARER)
    if not isinstance(bearer, str):
        bearer = request.session[_BEARER] = f"browser:{new_token(128)}"
    return bearer


def wants_options(request: HttpRequest) -> bool:
    """Whether the script asks for the question."""
    return request.method == "POST" and "passkey_options" in request.POST


def answer_options(ask: Callable[[], Asked]) -> HttpResponse:
    """The question for the script, or in words why there is none."""
    try:
        return JsonResponse(ask().as_json())
    except (NotSignedIn, StepUpRequired):
        raise
    except Problem as problem:
        return JsonResponse({"detail": force_str(problem.detail)}, status=problem.status)
