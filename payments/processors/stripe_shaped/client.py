"""Stripe-shaped HTTP with time-outs, our idempotency keys and our ids as metadata: customers, charges and refunds.

How a card is linked and what the events are called differs, and is left to each processor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from payments.processors.base import (
    AnswerOutcome,
    AnswerRefused,
    AnswerTaken,
    ChargeOutcome,
    ChargeRequest,
    Declined,
    Evidence,
    LookUp,
    NewCustomer,
    NotFound,
    NotSent,
    ProcessorError,
    Reason,
    Refunded,
    RefundOutcome,
    RefundRefused,
    RefundRequest,
    SettlementEntry,
    Unknown,
)
from payments.processors.stripe_shaped import reading

Json = dict[str, Any]

# As much as a text of evidence may hold (docs.stripe.com/api/disputes/evidence_object).
LONGEST_EVIDENCE = 20_000


@dataclass(frozen=True)
class Answer:
    """A complete HTTP answer."""

    status: int
    body: Json

    @property
    def error(self) -> Json:
        """Its error object; empty for a good answer."""
        error: Json = self.body.get("error", {})
        return error


class StripeShaped:
    """The common part of such a `Processor`. Safe to share between threads."""

    def __init__(
        self, *, url: str, api_key: str, timeout_seconds: float, headers: Mapping[str, str] | None = None
    ) -> None:
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {api_key}", **(headers or {})},
            timeout=httpx.Timeout(timeout_seconds, connect=2.0),
            # A proxy that the environment names is not for the processor: its answers are money.
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(self, method: str, path: str, values: Mapping[str, str] | None = None, key: str = "") -> Answer:
        """One request; raises httpx.HTTPError, or ProcessorError for an answer that cannot be read."""
        headers = {"Idempotency-Key": key} if key else {}
        if method == "GET":
            response = self._http.request(method, path, params=values)
        else:
            response = self._http.request(method, path, data=values or {}, headers=headers)
        try:
            body = response.json()
        except ValueError as error:
            raise ProcessorError(f"unreadable answer, status {response.status_code}") from error
        if not isinstance(body, dict):
            raise ProcessorError("the answer is no object")
        return Answer(response.status_code, body)

    def _ask(self, method: str, path: str, values: Mapping[str, str] | None = None, key: str = "") -> Json:
        """A request whose failure is an error of the caller's step."""
        try:
            answer = self._send(method, path, values, key)
        except httpx.HTTPError as error:
            raise ProcessorError(type(error).__name__) from error
        if answer.status != 200:
            raise ProcessorError(f"{answer.status} {answer.error.get('code', '')}")
        return answer.body

    # --- Customers ---------------------------------------------------------------------------------------------------
    def register_customer(self, customer: NewCustomer) -> str:
        """See `Processor.register_customer`."""
        values = {"name": customer.name, "metadata[customer]": customer.public_id}
        return str(self._ask("POST", "/v1/customers", values, f"customer:{customer.public_id}")["id"])

    def forget_card(self, token: str) -> None:
        """See `Processor.forget_card`."""
        self._ask("POST", f"/v1/payment_methods/{token}/detach")

    # --- Charging ----------------------------------------------------------------------------------------------------
    def charge(self, request: ChargeRequest) -> ChargeOutcome:
        """See `Processor.charge`."""
        try:
            answer = self._send("POST", "/v1/payment_intents", self._charge_values(request), request.key)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            return NotSent()
        except (httpx.HTTPError, ProcessorError) as error:
            return Unknown(type(error).__name__)
        if answer.status == 200:
            return reading.outcome(answer.body)
        if answer.status == 402:
            return Declined(
                answer.error.get("payment_intent", {}).get("id", ""), reading.decline_reason(answer.error)
            )
        if answer.status in (400, 404) and answer.error.get("type") == "invalid_request_error":
            return Declined("", Reason.REFUSED_BY_PROCESSOR)
        return Unknown(f"status {answer.status}")

    def _charge_values(self, request: ChargeRequest, *, confirm: bool = True) -> dict[str, str]:
        """What a charge is asked for with; the same at every try."""
        return {
            "amount": str(request.amount_minor),
            "currency": request.currency.lower(),
            "customer": request.customer,
            "payment_method": request.card_token,
            "confirm": "true" if confirm else "false",
            "return_url": request.return_url,
            "metadata[top_up]": request.top_up_id,
        }

    def _intents_of(self, request: ChargeRequest) -> list[Json]:
        """The payment intents that carry the request's own id; raises ProcessorError."""
        query = f"metadata['top_up']:'{request.top_up_id}'"
        found: list[Json] = self._ask("GET", "/v1/payment_intents/search", {"query": query})["data"]
        return found

    def look_up(self, request: ChargeRequest, reference: str = "") -> LookUp:
        """See `Processor.look_up`."""
        try:
            if reference:
                return _standing(self._ask("GET", f"/v1/payment_intents/{reference}"))
            found = self._intents_of(request)
        except ProcessorError as error:
            return Unknown(str(error))
        return _standing(found[0]) if found else NotFound()

    def void(self, request: ChargeRequest, reference: str = "") -> LookUp:
        """See `Processor.void`.

        Where no charge is known, the key is used up by an intent that is never confirmed: the request that may still
        be under way then meets its own key with another body and is refused.
        """
        try:
            if not reference:
                answer = self._send(
                    "POST", "/v1/payment_intents", self._charge_values(request, confirm=False), request.key
                )
                if answer.status != 200:
                    return self._of_refused_void(request, answer)
                reference = answer.body["id"]
            answer = self._send("POST", f"/v1/payment_intents/{reference}/cancel")
        except (httpx.HTTPError, ProcessorError) as error:
            return Unknown(type(error).__name__)
        return reading.outcome(answer.body) if answer.status == 200 else self.look_up(request, reference)

    def _of_refused_void(self, request: ChargeRequest, answer: Answer) -> LookUp:
        """The key is used up even so: by the charge itself, or by a refusal, as of a card that was removed meanwhile.

        A used-up key under which there is no charge stays without one: every repeat gets the same refusal.
        """
        news = self.look_up(request)
        used_up = answer.error.get("type") in ("invalid_request_error", "idempotency_error")
        if isinstance(news, NotFound) and answer.status in (400, 404) and used_up:
            return Declined("", Reason.REFUSED_BY_PROCESSOR)
        return news

    def refund(self, request: RefundRequest) -> RefundOutcome:
        """See `Processor.refund`."""
        values = {"payment_intent": request.charge_reference, "amount": str(request.amount_minor)}
        try:
            answer = self._send("POST", "/v1/refunds", values, request.key)
        except (httpx.HTTPError, ProcessorError) as error:
            return Unknown(type(error).__name__)
        if answer.status == 200:
            return Refunded(answer.body["id"])
        if answer.error.get("type") == "invalid_request_error":
            return RefundRefused(answer.error.get("code", ""))
        return Unknown(f"status {answer.status}")

    # --- Disputes ----------------------------------------------------------------------------------------------------
    def submit_evidence(self, evidence: Evidence) -> AnswerOutcome:
        """See `Processor.submit_evidence`."""
        values = {
            "evidence[customer_purchase_ip]": evidence.purchase_network,
            "evidence[access_activity_log]": evidence.access_log[:LONGEST_EVIDENCE],
            "evidence[uncategorized_text]": evidence.text[:LONGEST_EVIDENCE],
            "submit": "true",
        }
        return self._answer(f"/v1/disputes/{evidence.dispute_reference}", values, evidence.key)

    def accept_dispute(self, dispute_reference: str, *, key: str) -> AnswerOutcome:
        """See `Processor.accept_dispute`."""
        return self._answer(f"/v1/disputes/{dispute_reference}/close", {}, key)

    def _answer(self, path: str, values: dict[str, str], key: str) -> AnswerOutcome:
        try:
            answer = self._send("POST", path, values, key)
        except (httpx.HTTPError, ProcessorError) as error:
            return Unknown(type(error).__name__)
        if answer.status == 200:
            return AnswerTaken()
        if answer.error.get("type") == "invalid_request_error":
            return AnswerRefused(answer.error.get("code", ""))
        return Unknown(f"status {answer.status}")

    # --- Settlement files --------------------------------------------------------------------------------------------
    def settlement_entries(self, begins: datetime, ends: datetime) -> list[SettlementEntry]:
        """See `Processor.settlement_entries`."""
        values = {
            "created[gte]": str(int(begins.timestamp())),
            "created[lt]": str(int(ends.timestamp())),
            "limit": "100",
            "expand[0]": "data.source",
        }
        found: list[SettlementEntry] = []
        while True:
            page = self._ask("GET", "/v1/balance_transactions", values)
            found += [reading.settlement_entry(one) for one in page["data"]]
            if not page["has_more"]:
                return sorted(found, key=lambda entry: (entry.occurred_at, entry.line_id))
            values["starting_after"] = page["data"][-1]["id"]


def _standing(intent: Json) -> LookUp:
    """How a looked-up intent stands. Only `void` leaves one unconfirmed, cut off between its two requests: no charge,
    and to be voided again."""
    return NotFound() if intent["status"] == "requires_confirmation" else reading.outcome(intent)
