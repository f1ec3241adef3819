"""`Idempotency-Key` for views that move money: missing 400, in flight 409, other body 422, a repeat the same answer.

Two ways to use the mixin, as in `wallet_site.idempotency.once`:

- `return self.run_once(work)` for work that only writes rows: claim, work and stored answer are one transaction.
- `self.request_once` (caller, key, fingerprint) for an action that keeps the key on its own row; the view then
  answers with `self.answer(status, body, repeated=...)`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from wallet_site.idempotency.once import Answer, fingerprint, once, valid_key
from wallet_site.transactions import recorded
from wallet_site.web import actor_of

REPLAYED = "Idempotency-Replayed"


@dataclass(frozen=True, slots=True)
class RequestOnce:
    """One request that must take effect once: whose, under which key, and what it asked."""

    caller: str
    key: str
    fingerprint: bytes


def request_once_of(request: Request) -> RequestOnce:
    """Name the request. Two bodies are the same when they hold the same JSON values, however they are written.

    Raises `KeyMissing` without a usable `Idempotency-Key`.
    """
    key = valid_key(request.headers.get("Idempotency-Key"))
    body = json.dumps(request.data, sort_keys=True, separators=(",", ":"), default=str)
    caller = getattr(request.auth, "caller", None) or f"customer:{request.user.pk}"
    return RequestOnce(caller, key, fingerprint(request.method or "", request.path, body))


class IdempotentMixin(APIView):
    """A view whose POST needs an `Idempotency-Key`. The document says so by itself."""

    request_once: RequestOnce

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After authentication, permissions and limits; before the body is judged."""
        super().initial(request, *args, **kwargs)
        if request.method == "POST":
            self.request_once = request_once_of(request)

    def run_once(self, work: Callable[[], Answer]) -> Response:
        """Run `work` in one recorded transaction, or answer as the first time. An error gives the key back."""
        named = self.request_once
        with recorded(actor_of(self.request)):
            answer = once(
                caller=named.caller, key=named.key, request_fingerprint=named.fingerprint, work=work
            )
        return self.answer(answer.status, answer.body, repeated=answer.repeated)

    def answer(self, status: int, body: Any, *, repeated: bool) -> Response:
        """The response; a repeat says that it is one."""
        return Response(body, status=status, headers={REPLAYED: "true"} if repeated else None)
