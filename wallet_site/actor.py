"""Who does something: the one value that actions, triggers, audit and notices know a doer by."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

ActorKind = Literal["customer", "staff", "terminal", "merchant", "system", "anonymous"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something that acts, and from where.

    `session_id` and `token_id` are the public ids of the sign-in or API device, never the secrets themselves.
    `network` is an IP address as text; `device` a short label such as "Chrome on Windows". Unknown is "".
    `browser` is the digest of the secret that a browser which has signed in here keeps (see `wallet_site.browsers`).
    `verified_at` is when this session or device last proved a second factor: what step-up asks for.
    """

    kind: ActorKind
    user_id: int | None = None
    name: str = ""
    session_id: str | None = None
    token_id: str | None = None
    network: str = ""
    device: str = ""
    browser: str = ""
    request_id: str = ""
    verified_at: datetime | None = None

    @classmethod
    def system(cls, name: str) -> Actor:
        """The portal itself; `name` says which part ("sweep", "seed_demo")."""
        return cls(kind="system", name=name)

    def as_json(self) -> str:
        """The text that the database keeps beside what this actor changed."""
        known = {key: value for key, value in asdict(self).items() if value not in (None, "")}
        return json.dumps(known, default=str)
