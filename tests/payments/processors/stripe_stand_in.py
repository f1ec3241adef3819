"""localstripe, a stand-in for Stripe by other hands, as a process; and in front of it what it lacks of the real one:
idempotency keys, Checkout's page, the bank's page, a card's owner, a bound on refunds, and faults to order."""

from __future__ import annotations

import json
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

Json = dict[str, Any]
Values = dict[str, str]
Answer = tuple[int, Json]
KEY = "sk_test_stand_in"
NO_PARAMETER_THERE = ("return_url",)
DAY = 86_400


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def refusal(status: int, code: str, kind: str = "invalid_request_error", **more: Any) -> Answer:
    return status, {"error": {"type": kind, "code": code, **more}}


@dataclass
class StandIn:
    """Answers at `url` as Stripe would, by asking localstripe at `behind`."""

    behind: str
    home: Path
    url: str = ""
    sessions: dict[str, Json] = field(default_factory=dict)
    answered: dict[str, tuple[str, Answer]] = field(default_factory=dict)
    refunded: dict[str, int] = field(default_factory=dict)
    disputes: dict[str, Json] = field(default_factory=dict)
    # Balance transactions of disputes, which localstripe does not make.
    adjustments: list[Json] = field(default_factory=list)
    events: Queue[tuple[dict[str, str], bytes]] = field(default_factory=Queue)
    longest_page: int = 100
    # Of the next charge: lose the request before it is heard, or the answer after it was acted on.
    lose_request: bool = False
    lose_answer: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)

    def ask(self, method: str, path: str, values: Values | None = None) -> Answer:
        sent = {"params": values} if method == "GET" else {"data": values or {}}
        answer = httpx.request(
            method,
            self.behind + path,
            headers={"Authorization": f"Bearer {KEY}"},
            timeout=20,
            trust_env=False,
            **sent,
        )
        return answer.status_code, answer.json()

    def answer(self, method: str, path: str, values: Values, key: str) -> Answer:
        """With the memory that Stripe has for a key; what fails a first check is not remembered."""
        with self.lock:
            if not key:
                return self.act(method, path, values)
            fingerprint = json.dumps([path, values], sort_keys=True)
            if key in self.answered:
                known, answer = self.answered[key]
                return answer if known == fingerprint else refusal(400, "", "idempotency_error")
            answer = self.act(method, path, values)
            if answer[0] in (200, 402):
                self.answered[key] = (fingerprint, answer)
            return answer

    def act(self, method: str, path: str, values: Values) -> Answer:
        parts = path.strip("/").split("/")[1:]
        match (method, *parts):
            case ("POST", "checkout", "sessions"):
                return self.open_session(values)
            case ("GET", "checkout", "sessions", number):
                return 200, self.session(number)
            case ("POST", "checkout", "sessions", number, "expire"):
                if self.sessions[number]["status"] != "open":
                    return refusal(400, "resource_not_open")
                self.sessions[number]["status"] = "expired"
                return 200, self.session(number)
            case ("POST", "payment_methods", number, "detach"):
                if self.ask("GET", path.removesuffix("/detach"))[1].get("customer") is None:
                    return refusal(400, "not_attached")
                return self.ask(method, path)
            case ("GET", "payment_intents"):
                return self.intents(values)
            case ("POST", "payment_intents"):
                return self.charge(path, values)
            case ("POST", "refunds"):
                return self.refund(path, values)
            case ("GET", "balance_transactions"):
                return self.balance_transactions(values)
            case ("POST", "disputes", number):
                return self.submit_evidence(self.disputes[number], values)
            case ("POST", "disputes", number, "close"):
                return self.close_dispute(self.disputes[number], "lost")
        return self.seen(*self.ask(method, path, values))

    # --- Events -----------------------------------------------------------------------------------------------------
    def listen(self, endpoint: Json) -> None:
        """Have localstripe send its own signed events."""
        answer = httpx.post(
            f"{self.behind}/_config/webhooks/kakehashi", json=endpoint, timeout=20, trust_env=False
        )
        answer.raise_for_status()

    def heard(self, top_up: str) -> tuple[dict[str, str], bytes]:
        """The next event about a top-up; raises queue.Empty where none comes."""
        while True:
            headers, body = self.events.get(timeout=20)
            if top_up.encode() in body:
                return headers, body

    # --- Checkout and the bank's page -----------------------------------------------------------------------------
    def open_session(self, values: Values) -> Answer:
        assert values["payment_method_options[card][request_three_d_secure]"] == "any"
        status, setup = self.ask("POST", "/v1/setup_intents", {"customer": values["customer"]})
        assert status == 200, setup
        number = f"cs_test_{secrets.token_hex(12)}"
        self.sessions[number] = {
            "id": number,
            "url": f"{self.url}/pay/{number}",
            "status": "open",
            "expires_at": 2_000_000_000 + DAY,
            "metadata": {"linking": values["metadata[linking]"]},
            "customer": values["customer"],
            "setup": setup["id"],
            "tried": "",
            "error": None,
        }
        return 200, self.session(number)

    def session(self, number: str) -> Json:
        own = self.sessions[number]
        setup = self.ask("GET", f"/v1/setup_intents/{own['setup']}")[1]
        done = own["status"] == "complete"
        shown = {
            "id": setup["id"],
            "status": "succeeded" if done else "requires_payment_method",
            "last_setup_error": own["error"],
            "payment_method": self.ask("GET", f"/v1/payment_methods/{own['tried']}")[1] if done else None,
            "latest_attempt": {
                "payment_method_details": {"card": {"three_d_secure": {"result": "authenticated"}}}
            }
            if done
            else None,
        }
        return {key: own[key] for key in ("id", "url", "status", "expires_at", "metadata")} | {
            "setup_intent": shown
        }

    def submit_card(self, url: str, card: str, holder: str) -> None:
        own = self.sessions[url.rpartition("/")[2]]
        if own["status"] != "open":
            return
        status, method = self.ask(
            "POST",
            "/v1/payment_methods",
            {
                "type": "card",
                "card[number]": card,
                "card[exp_month]": "12",
                "card[exp_year]": "2034",
                "card[cvc]": "123",
                "billing_details[name]": holder,
            },
        )
        assert status == 200, method
        own["tried"] = method["id"]

    def decide(self, url: str, *, approve: bool) -> None:
        """The holder answers their bank, at linking or at a charge."""
        number = url.rpartition("/")[2]
        if number in self.sessions:
            self.decide_linking(self.sessions[number], approve)
            return
        intent = self.ask("GET", f"/v1/payment_intents/{number}")[1]
        self.ask(
            "POST",
            f"/v1/payment_intents/{number}/_authenticate",
            {"client_secret": intent["client_secret"], "success": "true" if approve else "false"},
        )

    def decide_linking(self, own: Json, approve: bool) -> None:
        if own["status"] != "open" or not own["tried"]:
            return
        if not approve:
            own["error"] = {"code": "setup_intent_authentication_failure"}
            return
        confirm = f"/v1/setup_intents/{own['setup']}/confirm"
        self.ask("POST", confirm, {"payment_method": own["tried"]})
        self.ask("POST", confirm)
        attached = self.ask(
            "POST", f"/v1/payment_methods/{own['tried']}/attach", {"customer": own["customer"]}
        )
        assert attached[0] == 200, attached
        own["status"] = "complete"

    # --- Charges and refunds --------------------------------------------------------------------------------------
    def intents(self, values: Values) -> Answer:
        listed = self.ask("GET", "/v1/payment_intents", {"limit": "100"})[1]
        mine = [self.seen(200, one)[1] for one in listed["data"] if one["customer"] == values["customer"]]
        return 200, {"data": mine, "has_more": False}

    def charge(self, path: str, values: Values) -> Answer:
        owner = self.ask("GET", f"/v1/payment_methods/{values['payment_method']}")[1].get("customer")
        if owner != values["customer"]:
            return refusal(400, "resource_missing")
        plain = {
            key: value
            for key, value in values.items()
            if key not in NO_PARAMETER_THERE and not key.startswith("payment_method_types")
        }
        status, body = self.ask("POST", path, plain)
        if status == 402:
            intent = self.intents_by(values["metadata[top_up]"])[0]
            body["error"] |= {"type": "card_error", "payment_intent": {"id": intent["id"]}}
        return self.seen(status, body)

    def intents_by(self, top_up: str) -> list[Json]:
        listed = self.ask("GET", "/v1/payment_intents", {"limit": "100"})[1]["data"]
        return [self.seen(200, one)[1] for one in listed if one["metadata"].get("top_up") == top_up]

    def refund(self, path: str, values: Values) -> Answer:
        intent = self.ask("GET", f"/v1/payment_intents/{values['payment_intent']}")[1]
        total = self.refunded.get(intent["id"], 0) + int(values["amount"])
        if total > intent["amount"]:
            return refusal(400, "amount_too_large")
        self.refunded[intent["id"]] = total
        return self.ask("POST", path, values)

    # --- Disputes and the settlement file ---------------------------------------------------------------------------
    def dispute(self, intent: str) -> Json:
        """The card's holder takes a charge back."""
        amount = self.ask("GET", f"/v1/payment_intents/{intent}")[1]["amount"]
        opened = {
            "id": f"dp_{secrets.token_hex(12)}",
            "object": "dispute",
            "amount": amount,
            "payment_intent": intent,
            "reason": "fraudulent",
            "status": "needs_response",
            "evidence_details": {"due_by": int(time.time()) + 7 * DAY},
        }
        self.disputes[opened["id"]] = opened
        self.adjust(opened, -amount)
        return opened

    def adjust(self, dispute: Json, amount: int) -> None:
        number = f"txn_{secrets.token_hex(12)}"
        self.adjustments.append(
            {"id": number, "type": "adjustment", "amount": amount, "currency": "jpy", "fee": 0}
            | {"created": int(time.time()), "source": dispute}
        )

    def submit_evidence(self, dispute: Json, values: Values) -> Answer:
        if dispute["status"] != "needs_response" or values.get("submit") != "true":
            return refusal(400, "dispute_not_answerable")
        dispute["status"], dispute["evidence"] = "under_review", values
        return 200, dispute

    def close_dispute(self, dispute: Json, status: str) -> Answer:
        if dispute["status"] in ("won", "lost"):
            return refusal(400, "dispute_already_closed")
        dispute["status"] = status
        if status == "won":
            self.adjust(dispute, dispute["amount"])
        return 200, dispute

    def balance_transactions(self, values: Values) -> Answer:
        """Filtered, paged and with sources, none of which localstripe does."""
        listed = self.ask("GET", "/v1/balance_transactions", {"limit": "100"})[1]["data"]
        rows = [self.with_source(one) for one in listed] + self.adjustments
        begins, ends = int(values["created[gte]"]), int(values["created[lt]"])
        rows = sorted((one for one in rows if begins <= one["created"] < ends), key=lambda one: one["id"])
        after = values.get("starting_after", "")
        rows = [one for one in rows if one["id"] > after]
        limit = min(int(values["limit"]), self.longest_page)
        return 200, {"data": rows[:limit], "has_more": len(rows) > limit}

    def with_source(self, line: Json) -> Json:
        kind = "charges" if line["source"].startswith("ch_") else "refunds"
        return line | {"source": self.ask("GET", f"/v1/{kind}/{line['source']}")[1]}

    def seen(self, status: int, body: Json) -> Answer:
        """An intent with what localstripe leaves out."""
        if body.get("object") == "payment_intent":
            body["amount_received"] = body["amount"] if body["status"] == "succeeded" else 0
            if body["next_action"]:
                body["next_action"] = {
                    "type": "redirect_to_url",
                    "redirect_to_url": {"url": f"{self.url}/3ds/{body['id']}"},
                }
        return status, body


def serve(stand_in: StandIn) -> tuple[ThreadingHTTPServer, Callable[[], None]]:
    """Answer on a port of its own until the second value is called."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            where = urlsplit(self.path)
            self.reply(*stand_in.answer("GET", where.path, dict(parse_qsl(where.query)), ""))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path == "/events":
                stand_in.events.put((dict(self.headers), body))
                self.reply(200, {})
                return
            charging = self.path == "/v1/payment_intents"
            if charging and stand_in.lose_request:
                stand_in.lose_request, self.close_connection = False, True
                return
            key = self.headers.get("Idempotency-Key") or ""
            answer = stand_in.answer("POST", self.path, dict(parse_qsl(body.decode())), key)
            if charging and stand_in.lose_answer:
                stand_in.lose_answer, self.close_connection = False, True
                return
            self.reply(*answer)

        def reply(self, status: int, body: Json) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return server, stop
