"""The portal's side of Stripe (API reference: docs.stripe.com/api).

The HTTP is our own client's, not the SDK's: of a connection that failed the SDK does not tell whether the request left
this machine, and on that difference ("not sent" or "unknown") hangs whether somebody is charged twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import httpx

from payments.processors.base import (
    ChargeRequest,
    LinkingAuthenticated,
    LinkingPending,
    LinkingRefused,
    LinkingRequest,
    LinkingResult,
    LinkingStarted,
    ProcessorError,
    Webhook,
)
from payments.processors.stripe import webhooks as events
from payments.processors.stripe_shaped import reading, webhooks
from payments.processors.stripe_shaped.client import Json, StripeShaped

# The version of the API that this client was written for; the account's own default does not matter.
API_VERSION = "2024-06-20"
# How far back a charge is looked for by our own id: pages of a hundred, the customer's newest charges first.
MOST_PAGES = 10
_EXPANDED = {"expand[0]": "setup_intent.payment_method", "expand[1]": "setup_intent.latest_attempt"}


class StripeProcessor(StripeShaped):
    """Stripe as a `Processor`. Safe to share between threads."""

    name = "stripe"

    def __init__(self, *, url: str, api_key: str, webhook_secret: str, timeout_seconds: float = 8.0) -> None:
        super().__init__(
            url=url, api_key=api_key, timeout_seconds=timeout_seconds, headers={"Stripe-Version": API_VERSION}
        )
        self._webhook_secret = webhook_secret

    # --- Linking -----------------------------------------------------------------------------------------------------
    def start_linking(self, request: LinkingRequest) -> LinkingStarted:
        """See `Processor.start_linking`. The page is Stripe's Checkout; every card has to pass 3-D Secure there."""
        session = self._ask(
            "POST",
            "/v1/checkout/sessions",
            {
                "mode": "setup",
                "customer": request.customer,
                "payment_method_types[0]": "card",
                "payment_method_options[card][request_three_d_secure]": "any",
                "success_url": request.return_url,
                "cancel_url": request.return_url,
                "metadata[linking]": request.linking_id,
                "setup_intent_data[metadata][linking]": request.linking_id,
            },
            request.key,
        )
        return LinkingStarted(
            reference=session["id"],
            url=session["url"],
            expires_at=datetime.fromtimestamp(session["expires_at"], UTC),
        )

    def linking_result(self, reference: str) -> LinkingResult:
        """See `Processor.linking_result`.

        Checkout lets somebody try again whom the issuer did not recognise. Not here: the page is closed, so that
        nobody guesses at a card that is not theirs.
        """
        session = self._session(reference)
        failed = reading.authentication_failed(session.get("setup_intent") or {})
        return self.cancel_linking(reference) if session["status"] == "open" and failed else _linking(session)

    def cancel_linking(self, reference: str) -> LinkingResult:
        """See `Processor.cancel_linking`."""
        try:
            answer = self._send("POST", f"/v1/checkout/sessions/{reference}/expire")
        except httpx.HTTPError as error:
            raise ProcessorError(type(error).__name__) from error
        # Refused where it has ended already, however that was.
        if answer.status not in (200, 400):
            raise ProcessorError(f"{answer.status} {answer.error.get('code', '')}")
        return _linking(self._session(reference))

    def _session(self, reference: str) -> Json:
        return self._ask("GET", f"/v1/checkout/sessions/{reference}", _EXPANDED)

    def forget_card(self, token: str) -> None:
        """See `Processor.forget_card`. Stripe refuses to detach a card twice."""
        try:
            self._ask("POST", f"/v1/payment_methods/{token}/detach")
        except ProcessorError:
            if self._ask("GET", f"/v1/payment_methods/{token}").get("customer") is not None:
                raise

    # --- Charging ----------------------------------------------------------------------------------------------------
    def _charge_values(self, request: ChargeRequest, *, confirm: bool = True) -> dict[str, str]:
        return super()._charge_values(request, confirm=confirm) | {"payment_method_types[0]": "card"}

    def _intents_of(self, request: ChargeRequest) -> list[Json]:
        """By the customer's list: the search index lags behind by a minute, in which a charge would not be found."""
        values = {"customer": request.customer, "limit": "100"}
        for _ in range(MOST_PAGES):
            page = self._ask("GET", "/v1/payment_intents", values)
            found = [one for one in page["data"] if one["metadata"].get("top_up") == request.top_up_id]
            if found or not page["has_more"]:
                return found
            values["starting_after"] = page["data"][-1]["id"]
        raise ProcessorError("the charge is not among the customer's newest thousand")

    # --- Webhooks ----------------------------------------------------------------------------------------------------
    def verify_webhook(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> Webhook:
        """See `Processor.verify_webhook`."""
        return webhooks.read(body, headers, secret=self._webhook_secret, now=now, content=events.content)


def _linking(session: Json) -> LinkingResult:
    setup = session.get("setup_intent") or {}
    if session["status"] == "expired":
        return LinkingRefused(reading.linking_reason(setup))
    if session["status"] == "complete" and setup.get("status") == "succeeded":
        return LinkingAuthenticated(
            reading.card_details(setup["payment_method"]), reading.three_d_secure(setup)
        )
    return LinkingPending()
