"""The API's errors, in the shape that Stripe gives them."""

from typing import Any


class ApiError(Exception):
    """An answer other than 2xx. It is a result like any other: what was written before it stays written."""

    def __init__(
        self, status: int, kind: str, code: str, message: str, *, hold: bool = False, **extra: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.hold = hold
        self.body = {"error": {"type": kind, "code": code, "message": message, **extra}}


class LostRequestError(Exception):
    """The pretend network loses the request before anything happens: nothing is written, the answer never comes."""


def invalid(code: str, message: str, **extra: Any) -> ApiError:
    """A request that makes no sense: 400."""
    return ApiError(400, "invalid_request_error", code, message, **extra)


def missing(what: str, object_id: str) -> ApiError:
    """No such object: 404."""
    return ApiError(404, "invalid_request_error", "resource_missing", f"No such {what}: {object_id}")
