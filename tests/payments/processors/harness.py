"""What the contract tests need of a processor beyond its interface: test cards and somebody at the bank's page."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import httpx

from payments.processors.base import (
    ChargeRequest,
    LinkingAuthenticated,
    LinkingRequest,
    LinkingStarted,
    NewCustomer,
    Succeeded,
)
from payments.processors.sandbox.client import SandboxProcessor

SUCCEEDS = "4242424242424242"
MASTERCARD = "5555555555554444"
JCB = "3530111333300000"
CHALLENGES = "4000002760003184"
INSUFFICIENT = "4000000000009995"
STOLEN = "4000000000009979"
EXPIRED = "4000000000000069"
SLOW_THEN_SUCCEEDS = "4000000000007007"
SLOW_THEN_FAILS = "4000000000007015"
LOST = "4000000000007023"
DISPUTED = "4000000000000259"
REFUSED_AT_LINKING = "4000000000000002"
NOT_ENROLLED = "378282246310005"

RETURN_URL = "http://localhost:1/back"


@dataclass
class SandboxHarness:
    """The sandbox over real HTTP, with short patience, and a browser's place at its pages."""

    url: str
    processor: SandboxProcessor = field(init=False)
    web: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.processor = SandboxProcessor(
            url=self.url,
            api_key=os.environ["SANDBOX_API_KEY"],
            webhook_secret=os.environ["SANDBOX_WEBHOOK_SECRET"],
            timeout_seconds=2.0,
        )
        self.web = httpx.Client(base_url=self.url, timeout=20, trust_env=False)

    def close(self) -> None:
        self.processor.close()
        self.web.close()

    # --- The processor's own API ------------------------------------------------------------------------------------
    def api(self, method: str, path: str, **values: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {os.environ['SANDBOX_API_KEY']}"}
        sent = {"params": values} if method == "GET" else {"data": values}
        response = self.web.request(method, path, headers=headers, **sent)
        response.raise_for_status()
        return response.json()

    def advance_clock(self, seconds: int) -> None:
        """Time passes at the processor; nobody waits."""
        self.api("POST", "/v1/test_helpers/clock/advance", seconds=str(seconds))

    def reissue_cards(self) -> None:
        """Every test number is a card that the processor has never seen: a card may be on few wallets, and nothing
        that an earlier test linked is ever rolled back."""
        self.api("POST", "/v1/test_helpers/cards/reissue")

    def events(self) -> list[dict[str, Any]]:
        return self.api("GET", "/v1/events", limit="100")["data"]

    def open_dispute(self, charged: Succeeded) -> str:
        """The card's holder takes a charge back; returns the processor's reference of the dispute."""
        self.advance_clock(3600)
        return next(
            event["data"]["object"]["id"]
            for event in self.events()
            if event["type"] == "charge.dispute.created"
            and event["data"]["object"]["payment_intent"] == charged.reference
        )

    def decide_dispute(self, reference: str, status: str) -> None:
        """The bank decides it at once."""
        self.api("POST", f"/v1/disputes/{reference}/close", status=status)

    # --- Pages -------------------------------------------------------------------------------------------------------
    def submit_card(self, url: str, number: str, **form: str) -> httpx.Response:
        given = {
            "number": number,
            "expiry": "12/34",
            "security_code": "1234" if len(number) == 15 else "123",
            "holder": "Aya Sato",
        }
        return self.web.post(url, data=given | form)

    def decide(self, url: str, *, decision: str = "approve", code: str | None = None) -> httpx.Response:
        """Answer the bank's challenge; without `code` with the right one, which its page shows."""
        page = self.web.get(url)
        shown = re.search(r'id="demo-code">(\d{6})<', unescape(page.text))
        right = shown.group(1) if shown else ""
        return self.web.post(url, data={"decision": decision, "code": right if code is None else code})

    # --- What a customer does -----------------------------------------------------------------------------------------
    def customer(self, name: str = "Aya Sato") -> str:
        return self.processor.register_customer(NewCustomer(secrets.token_hex(8), name))

    def start(self, customer: str) -> LinkingStarted:
        number = secrets.token_hex(8)
        return self.processor.start_linking(LinkingRequest(f"linking:{number}", number, customer, RETURN_URL))

    def link(self, customer: str, number: str = SUCCEEDS, **form: str) -> LinkingAuthenticated:
        started = self.start(customer)
        self.submit_card(started.url, number, **form)
        self.decide(started.url)
        result = self.processor.linking_result(started.reference)
        assert isinstance(result, LinkingAuthenticated), result
        return result

    def request(self, number: str = SUCCEEDS, amount_minor: int = 3_000) -> ChargeRequest:
        """A charge of a freshly linked card."""
        customer = self.customer()
        top_up = secrets.token_hex(8)
        return ChargeRequest(
            key=f"top-up:{top_up}",
            top_up_id=top_up,
            customer=customer,
            card_token=self.link(customer, number).card.token,
            amount_minor=amount_minor,
            currency="JPY",
            return_url=RETURN_URL,
        )

    def charges_of(self, request: ChargeRequest) -> list[dict[str, Any]]:
        """Every payment intent with this request's own id that took money."""
        query = f"metadata['top_up']:'{request.top_up_id}'"
        found = self.api("GET", "/v1/payment_intents/search", query=query)["data"]
        return [intent for intent in found if intent["amount_received"]]
