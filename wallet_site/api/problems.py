"""Every error of the API as `application/problem+json` (RFC 9457), with a stable `code` and pointers to fields."""

from __future__ import annotations

from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.utils.encoding import force_str
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from wallet_site.errors import (
    FieldError,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Problem,
    StepUpRequired,
    TooManyTries,
    Unavailable,
)

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "urn:kakehashi:problem:"
ACR_SECOND_FACTOR = "urn:kakehashi:acr:second-factor"
ACR_BOUND = "urn:kakehashi:acr:second-factor-bound"


class DatabaseAway(Unavailable):
    """The database did not answer, or broke off: whether the request took effect is not known."""

    code = "database-away"
    detail = gettext_lazy(
        "We cannot answer right now. Repeat the request in a moment: with the same Idempotency-Key "
        "nothing happens twice."
    )


class BodyTooLarge(Problem):
    """The body is larger than anything this API takes."""

    code = "body-too-large"
    status = 413
    title = gettext_lazy("The request is too large")
    detail = gettext_lazy("Send less at once.")


def problem_body(problem: Problem) -> dict[str, Any]:
    """RFC 9457's members, our `code`, and `errors` with a pointer for each field."""
    body: dict[str, Any] = {
        "type": TYPE_BASE + problem.code,
        "title": force_str(problem.title),
        "status": problem.status,
        "detail": force_str(problem.detail),
        "code": problem.code,
    }
    if problem.errors:
        body["errors"] = [
            {"pointer": one.pointer, "detail": force_str(one.detail), "code": one.code}
            for one in problem.errors
        ]
    return body | problem.extra


def problem_response(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The answer for one refusal."""
    response = Response(
        problem_body(problem), status=problem.status, content_type=MEDIA_TYPE, headers=headers
    )
    if problem.retry_after:
        response["Retry-After"] = str(problem.retry_after)
    return response


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook. None for what is a bug: Django answers 500 and logs it."""
    problem = _as_problem(error)
    if problem is None:
        return None
    set_rollback()
    headers: dict[str, str] = {}
    if problem.status == 401:
        headers["WWW-Authenticate"] = _challenge(problem, context)
    return problem_response(problem, headers)


def _challenge(problem: Problem, context: dict[str, Any]) -> str:
    """What the client must bring: the problem's own challenge, RFC 9470's, or that of the view's authentication."""
    own: str = problem.extra.pop("www_authenticate", "") or getattr(problem, "challenge", "")
    if own:
        return own
    scheme: str = context["view"].get_authenticate_header(context["request"]) or "DPoP"
    if isinstance(problem, StepUpRequired):
        name = scheme.split(" ", 1)[0]
        # RFC 9470: how it is to be proven (by any second factor, or bound to this very thing), and how lately.
        acr = ACR_BOUND if "challenge" in problem.extra.get("step_up", {}) else ACR_SECOND_FACTOR
        max_age = problem.extra.get("max_age", 300)
        return f'{name} error="insufficient_user_authentication", acr_values="{acr}", max_age={max_age}'
    return scheme


def _as_problem(error: Exception) -> Problem | None:
    if isinstance(error, Problem):
        return error
    if isinstance(error, OperationalError | InterfaceError):
        log.error("database_away", exc_info=error)
        return DatabaseAway(retry_after=5)
    if isinstance(error, RequestDataTooBig):
        return BodyTooLarge()
    if isinstance(error, Http404):
        return NotFound()
    if isinstance(error, PermissionDenied):
        return NotAllowed()
    if isinstance(error, exceptions.ValidationError):
        return InvalidInput(errors=list(_field_errors(error.get_full_details(), "")))
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return NotSignedIn()
    if isinstance(error, exceptions.PermissionDenied):
        return NotAllowed()
    if isinstance(error, exceptions.Throttled):
        return TooManyTries(retry_after=int(getattr(error, "wait", 0) or 0) + 1)
    if isinstance(error, exceptions.APIException):
        return _of_drf(error)
    return None


def _of_drf(error: exceptions.APIException) -> Problem:
    """What DRF itself refuses: a body that is no JSON, a method or media type that is not served."""
    problem = Problem(
        force_str(error.detail) if isinstance(error.detail, str) else _("The request cannot be read.")
    )
    problem.code = str(error.default_code).replace("_", "-")
    problem.status = error.status_code
    problem.title = force_str(error.default_detail)
    return problem


def _field_errors(details: Any, pointer: str) -> list[FieldError]:
    """DRF's nested details -> one `FieldError` per message, with a JSON pointer (RFC 6901)."""
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        return [FieldError(pointer or "/", force_str(details["message"]), str(details["code"]))]
    found: list[FieldError] = []
    if isinstance(details, dict):
        for name, inner in details.items():
            step = "" if name == "non_field_errors" else "/" + str(name).replace("~", "~0").replace("/", "~1")
            found += _field_errors(inner, pointer + step)
    elif isinstance(details, list):
        for index, inner in enumerate(details):
            leaf = isinstance(inner, dict) and set(inner) == {"message", "code"}
            found += _field_errors(inner, pointer if leaf else f"{pointer}/{index}")
    return found
