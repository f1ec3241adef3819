"""Typed refusals. Each has a stable code for machines, a safe sentence for people and an HTTP status.

Apps subclass these in their own `errors.py`. Pages show them in the error summary or on the problem page, the API as
`application/problem+json` (RFC 9457).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field. `pointer` is a JSON pointer into the request ("/amount")."""

    pointer: str
    detail: Text
    code: str = "invalid"


class Problem(Exception):
    """Something was refused; nothing has changed. `detail` says what to do next."""

    code: str = "problem"
    status: int = 400
    title: Text = _("This did not work")
    detail: Text = _("Please check and try again.")

    def __init__(
        self,
        detail: Text | None = None,
        *,
        errors: Sequence[FieldError] = (),
        retry_after: int | None = None,
        **extra: Any,
    ) -> None:
        """`extra` becomes further members of the API's problem body; keep it free of secrets."""
        if detail is not None:
            self.detail = detail
        self.errors = list(errors)
        self.retry_after = retry_after
        self.extra = extra
        super().__init__(self.code)

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


class InvalidInput(Problem):
    """The request is understood but a value in it cannot be used."""

    code = "invalid-input"
    status = 422
    title = _("Please check what you entered")
    detail = _("Something you entered cannot be used.")


class NotSignedIn(Problem):
    """Nobody is signed in, or the sign-in has ended."""

    code = "not-signed-in"
    status = 401
    title = _("Please sign in")
    detail = _("Sign in to go on.")


class StepUpRequired(Problem):
    """A fresh second factor is needed first (RFC 9470)."""

    code = "step-up-required"
    status = 401
    title = _("Please confirm that it is you")
    detail = _("Confirm with your second factor to go on.")


class NotAllowed(Problem):
    """Known who it is, and they may not."""

    code = "not-allowed"
    status = 403
    title = _("This is not possible for you")
    detail = _("You cannot do this.")


class NotFound(Problem):
    """There is no such thing, or it is somebody else's: the answer is the same."""

    code = "not-found"
    status = 404
    title = _("Not found")
    detail = _("We could not find what you were looking for.")


class Conflict(Problem):
    """The thing is no longer in the state that the request supposed."""

    code = "conflict"
    status = 409
    title = _("This has changed in the meantime")
    detail = _("Reload and look at the current state.")


class TooManyTries(Problem):
    """A limit on tries is reached; `retry_after` says when it ends, in seconds."""

    code = "too-many-tries"
    status = 429
    title = _("Too many tries")
    detail = _("There were too many tries. Please wait a while and try again.")


class Unavailable(Problem):
    """A part that the check needs is down. Nothing was done; every failure closes."""

    code = "unavailable"
    status = 503
    title = _("Not available right now")
    detail = _("We cannot do this right now. Nothing has changed. Please try again in a few minutes.")
