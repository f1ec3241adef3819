"""The portal's side of the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import httpx

from payments.processors.base import (
    LinkingAuthenticated,
    LinkingPending,
    LinkingRefused,
    LinkingRequest,
    LinkingResult,
    LinkingStarted,
    ProcessorError,
    Webhook,
)
from payments.processors.sandbox import webhooks as events
from payments.processors.stripe_shaped import reading, webhooks
from payments.processors.stripe_shaped.client import Json, StripeShaped


class SandboxProcessor(StripeShaped):
    """The sandbox as a `Processor`. Safe to share between threads."""

    name = "sandbox"

    def __init__(self, *, url: str, api_key: str, webhook_secret: str, timeout_seconds: float = 8.0) -> None:
        super().__init__(url=url, api_key=api_key, timeout_seconds=timeout_seconds)
        self._webhook_secret = webhook_secret

    def start_linking(self, request: LinkingRequest) -> LinkingStarted:
        """See `Processor.start_linking`."""
        setup = self._ask(
            "POST",
            "/v1/setup_intents",
            {
                "customer": request.customer,
                "usage": "off_session",
                "return_url": request.return_url,
                "metadata[linking]": request.linking_id,
            },
            request.key,
        )
        return LinkingStarted(
            reference=setup["id"],
            url=setup["next_action"]["redirect_to_url"]["url"],
            expires_at=datetime.fromtimestamp(setup["expires_at"], UTC),
        )

    def linking_result(self, reference: str) -> LinkingResult:
        """See `Processor.linking_result`."""
        return self._linking(self._ask("GET", f"/v1/setup_intents/{reference}"))

    def cancel_linking(self, reference: str) -> LinkingResult:
        """See `Processor.cancel_linking`."""
        try:
            answer = self._send("POST", f"/v1/setup_intents/{reference}/cancel")
        except httpx.HTTPError as error:
            raise ProcessorError(type(error).__name__) from error
        if answer.error.get("code") == "setup_intent_unexpected_state":
            return self.linking_result(reference)
        if answer.status != 200:
            raise ProcessorError(f"{answer.status} {answer.error.get('code', '')}")
        return self._linking(answer.body)

    def _linking(self, setup: Json) -> LinkingResult:
        if setup["status"] == "succeeded":
            method = self._ask("GET", f"/v1/payment_methods/{setup['payment_method']}")
            card = reading.card_details(method)
            return LinkingAuthenticated(card, reading.three_d_secure(setup))
        if setup["status"] == "canceled" or reading.authentication_failed(setup):
            return LinkingRefused(reading.linking_reason(setup))
        return LinkingPending()

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> Webhook:
        """See `Processor.verify_webhook`."""
        return webhooks.read(body, headers, secret=self._webhook_secret, now=now, content=events.content)
