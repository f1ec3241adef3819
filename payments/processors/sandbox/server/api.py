"""The /v1 endpoints, Stripe-shaped: bearer key, form bodies, Idempotency-Key, search by metadata, events."""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable
from typing import Any

from . import balance, charges, disputes, setups
from .charges import HeldAnswerError
from .config import Options
from .errors import ApiError, invalid, missing
from .messages import Request, Response, json_response, nested
from .store import Json, Store, Stored, Transaction

_SEARCH = re.compile(r"metadata\['(?P<name>\w{1,40})'\]:'(?P<value>[\w-]{1,100})'")

Handler = Callable[[Transaction, Json, str], Json]


class Api:
    """Answers requests under /v1/. Safe to share between threads."""

    def __init__(self, store: Store, options: Options, run_due_jobs: Callable[[Transaction], None]) -> None:
        self._store = store
        self._options = options
        self._run_due_jobs = run_due_jobs
        self._routes = self._make_routes()

    def _make_routes(self) -> list[tuple[str, re.Pattern[str], Handler]]:
        routes: list[tuple[str, str, Handler]] = [
            ("POST", "customers", lambda tx, values, _: setups.create_customer(tx, values)),
            ("GET", "customers/ID", lambda tx, _, oid: _get(tx, "customer", oid).body),
            (
                "POST",
                "setup_intents",
                lambda tx, values, _: setups.create_setup(tx, values, self._options),
            ),
            ("GET", "setup_intents/ID", lambda tx, _, oid: _get(tx, setups.KIND, oid).body),
            (
                "POST",
                "setup_intents/ID/cancel",
                lambda tx, _, oid: setups.cancel_setup(
                    tx, _get(tx, setups.KIND, oid), "requested_by_customer"
                ),
            ),
            ("GET", "payment_methods/ID", lambda tx, _, oid: _get(tx, "payment_method", oid).body),
            (
                "POST",
                "payment_methods/ID/detach",
                lambda tx, _, oid: setups.detach(tx, _get(tx, "payment_method", oid)),
            ),
            (
                "POST",
                "payment_intents",
                lambda tx, values, _: charges.create_payment(tx, values, self._options),
            ),
            (
                "GET",
                "payment_intents",
                lambda tx, values, _: _listed(tx.newest(charges.KIND, _limit(values))),
            ),
            ("GET", "payment_intents/search", lambda tx, values, _: _search(tx, values)),
            ("GET", "payment_intents/ID", lambda tx, _, oid: _get(tx, charges.KIND, oid).body),
            (
                "POST",
                "payment_intents/ID/confirm",
                lambda tx, values, oid: charges.confirm_payment(
                    tx, _get(tx, charges.KIND, oid), values, self._options
                ),
            ),
            (
                "POST",
                "payment_intents/ID/cancel",
                lambda tx, _, oid: charges.cancel_payment(
                    tx, _get(tx, charges.KIND, oid), "requested_by_customer"
                ),
            ),
            ("GET", "charges/ID", lambda tx, _, oid: _get(tx, "charge", oid).body),
            ("POST", "refunds", lambda tx, values, _: charges.refund(tx, values)),
            ("GET", "refunds/ID", lambda tx, _, oid: _get(tx, "refund", oid).body),
            ("GET", "disputes/ID", lambda tx, _, oid: _get(tx, "dispute", oid).body),
            (
                "POST",
                "disputes/ID",
                lambda tx, values, oid: disputes.submit_evidence(
                    tx, _get(tx, "dispute", oid), values, self._options
                ),
            ),
            (
                "POST",
                "disputes/ID/close",
                lambda tx, values, oid: disputes.close_dispute(
                    tx, _get(tx, "dispute", oid), values.get("status", "lost")
                ),
            ),
            (
                "GET",
                "balance_transactions",
                lambda tx, values, _: balance.listed(tx, values, _limit(values)),
            ),
            ("GET", "events", lambda tx, values, _: {"object": "list", "data": tx.events(_limit(values))}),
            ("POST", "test_helpers/clock/advance", self._advance_clock),
            ("POST", "test_helpers/cards/reissue", lambda tx, _values, _: _reissue_cards(tx)),
        ]
        return [
            (method, re.compile("/v1/" + path.replace("ID", r"(?P<id>[a-z]+_[0-9a-f]{24})")), handler)
            for method, path, handler in routes
        ]

    def answer(self, request: Request) -> Response:
        """Answer one request. Raises LostRequestError when the pretend network swallows it."""
        if not self._is_authorized(request):
            return _error(
                ApiError(401, "invalid_request_error", "api_key_invalid", "The API key is missing or wrong.")
            )
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                return self._run(request, handler, match.groupdict().get("id") or "")
        return _error(ApiError(404, "invalid_request_error", "url_unknown", "Unrecognized request URL."))

    def _is_authorized(self, request: Request) -> bool:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), self._options.api_key.encode())

    def _run(self, request: Request, handler: Handler, object_id: str) -> Response:
        """One transaction: the key is claimed, the work done and the answer kept, or none of it."""
        values = nested(request.form if request.method == "POST" else request.query)
        key = request.headers.get("idempotency-key", "") if request.method == "POST" else ""
        fingerprint = _fingerprint(request)
        with self._store.transaction() as tx:
            if key:
                kept = tx.answer(key)
                if kept is not None:
                    return _repeat(kept, fingerprint)
            self._run_due_jobs(tx)
            response = _perform(tx, handler, values, object_id)
            if key:
                tx.keep_answer(key, fingerprint, response.status, response.body.decode())
        return response

    def _advance_clock(self, tx: Transaction, values: Json, _: str) -> Json:
        """Tests turn the sandbox's clock forward; nobody waits for an expiry."""
        seconds = values.get("seconds", "")
        if not (isinstance(seconds, str) and seconds.isascii() and seconds.isdigit() and len(seconds) < 9):
            raise invalid("parameter_invalid_integer", "seconds must be a whole number", param="seconds")
        offset = float(tx.setting("clock_offset") or 0) + int(seconds)
        tx.set_setting("clock_offset", str(offset))
        tx.now += int(seconds)
        self._run_due_jobs(tx)
        return {"object": "test_helpers.clock", "now": int(tx.now)}


def _reissue_cards(tx: Transaction) -> Json:
    """From now on every test number is another card: what was linked before keeps its fingerprint."""
    tx.set_setting("card_secret", secrets.token_hex(32))
    return {"object": "test_helpers.cards"}


def _perform(tx: Transaction, handler: Handler, values: Json, object_id: str) -> Response:
    try:
        return json_response(200, handler(tx, values, object_id))
    except HeldAnswerError as held:
        return json_response(200, held.body, hold=True)
    except ApiError as error:
        return _error(error)


def _repeat(kept: tuple[str, int, str], fingerprint: str) -> Response:
    known, status, body = kept
    if not hmac.compare_digest(known, fingerprint):
        return _error(
            ApiError(
                400,
                "idempotency_error",
                "idempotency_key_reused",
                "Keys for idempotent requests can only be used with the same parameters they were first used with.",
            )
        )
    return Response(status, body.encode(), "application/json", (("Idempotent-Replayed", "true"),))


def _fingerprint(request: Request) -> str:
    parameters = json.dumps(sorted(request.form.items()))
    return hashlib.sha256(f"{request.path}\n{parameters}".encode()).hexdigest()


def _error(error: ApiError) -> Response:
    return json_response(error.status, error.body, hold=error.hold)


def _get(tx: Transaction, kind: str, object_id: str) -> Stored:
    stored = tx.get(kind, object_id)
    if stored is None:
        raise missing(kind, object_id)
    return stored


def _limit(values: Json) -> int:
    text = values.get("limit", "10")
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= 100):
        raise invalid("parameter_invalid_integer", "limit must be 1 to 100", param="limit")
    return int(text)


def _listed(found: list[Stored]) -> dict[str, Any]:
    return {"object": "list", "data": [stored.body for stored in found]}


def _search(tx: Transaction, values: Json) -> Json:
    match = _SEARCH.fullmatch(values.get("query", ""))
    if match is None:
        raise invalid("parameter_invalid", "query must be metadata['name']:'value'", param="query")
    found = tx.find(charges.KIND, match["name"], match["value"])
    return {**_listed(found), "object": "search_result"}
