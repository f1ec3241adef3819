"""Who gets to a page of the desk, and what a refusal looks like there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse

from accounts.models import User
from support import policy
from support.errors import RoleMissing
from support.roles import Permission
from wallet_site.errors import NotSignedIn, Problem, StepUpRequired

View = Callable[..., HttpResponse]


def desk_page(permission: Permission | None) -> Callable[[View], View]:
    """A page of the desk for whoever holds `permission`, None for all staff; the action behind it asks once more.

    The site has let in only staff with a verified second factor (`support.site`). A `Problem` becomes a page of the
    desk with its status; nothing has changed then.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                if permission is not None and permission not in rights_of(request):
                    raise RoleMissing
                return view(request, *args, **kwargs)
            except (NotSignedIn, StepUpRequired):
                raise
            except Problem as problem:
                return problem_page(request, problem)

        return guarded

    return decorate


def problem_page(request: HttpRequest, problem: Problem) -> HttpResponse:
    """One refusal, in the desk's frame."""
    response = page(request, "support/desk/problem.html", title=problem.title, problem=problem)
    response.status_code = problem.status
    if problem.retry_after:
        response["Retry-After"] = str(problem.retry_after)
    return response


def page(request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
    """A page in the desk's frame."""
    return TemplateResponse(request, template, {**frame(request), **context})


def frame(request: HttpRequest) -> dict[str, Any]:
    """What the desk's frame needs to know, beside the page's own."""
    return {**admin.site.each_context(request), "rights": dict.fromkeys(rights_of(request), True)}


def rights_of(request: HttpRequest) -> frozenset[str]:
    """What the member of staff may do, read once per request."""
    known: frozenset[str] | None = getattr(request, "desk_rights", None)
    if known is None:
        user: Any = request.user
        known = policy.held_by(user)
        request.desk_rights = known  # type: ignore[attr-defined]
    return known


def customer_or_404(public_id: object) -> User:
    """A customer by the id in the address; staff are no customers."""
    return get_object_or_404(User, public_id=public_id, kind=User.Kind.CUSTOMER)
