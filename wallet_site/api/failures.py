"""What nobody handled: problem+json under /api/, the error pages everywhere else. Never a detail of the inside."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from rest_framework.request import Request
from rest_framework.views import APIView

from wallet_site.api.problems import MEDIA_TYPE, problem_body
from wallet_site.errors import NotAllowed, NotFound, Problem


class BadRequest(Problem):
    """The request is broken below what a view could read (its host, its encoding, its size)."""

    code = "bad-request"
    title = _("The request cannot be read")


class Broken(Problem):
    """A fault of ours. It is in the log under the request's id."""

    code = "internal-error"
    status = 500
    title = _("Something went wrong on our side")
    detail = _("This is our fault. Please try again in a few minutes.")


class UnknownPath(APIView):
    """Every path below /api/ that nothing answers."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    schema = None

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """No method is better than another: there is nothing here."""
        raise NotFound(_("There is nothing at this address."))


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _problem(problem: Problem) -> HttpResponse:
    return JsonResponse(problem_body(problem), status=problem.status, content_type=MEDIA_TYPE)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, for `handler400`."""
    return _problem(BadRequest()) if _is_api(request) else defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, for `handler403`."""
    return _problem(NotAllowed()) if _is_api(request) else defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, for `handler404`."""
    return _problem(NotFound()) if _is_api(request) else defaults.page_not_found(request, exception)


def broken(request: HttpRequest) -> HttpResponse:
    """500, for `handler500`."""
    return _problem(Broken()) if _is_api(request) else defaults.server_error(request)
