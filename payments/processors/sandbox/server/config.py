"""What the sandbox is told when it starts, by arguments or by the environment."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """The sandbox's settings. Durations are in seconds."""

    host: str
    port: int
    data_dir: Path
    api_key: str
    webhook_secret: str
    webhook_url: str
    public_url: str
    hold_seconds: float = 25.0
    setup_seconds: int = 1800
    challenge_seconds: int = 600
    dispute_seconds: int = 30
    evidence_seconds: int = 7 * 86_400

    @property
    def database(self) -> Path:
        """The SQLite file that holds everything."""
        return self.data_dir / "sandbox.sqlite3"


def read_options(arguments: Sequence[str] | None = None) -> Options:
    """Options from the command line; what is missing there comes from SANDBOX_* variables."""
    env = os.environ
    parser = argparse.ArgumentParser(
        prog="python -m payments.processors.sandbox.server",
        description="A pretend card processor for development and tests.",
    )
    parser.add_argument("--host", default=env.get("SANDBOX_HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(env.get("SANDBOX_PORT", "8010")))
    parser.add_argument("--data", type=Path, default=Path(env.get("SANDBOX_DATA", ".data/sandbox")))
    parser.add_argument("--api-key", default=env.get("SANDBOX_API_KEY", ""))
    parser.add_argument("--webhook-secret", default=env.get("SANDBOX_WEBHOOK_SECRET", ""))
    parser.add_argument(
        "--webhook-url",
        default=env.get("SANDBOX_WEBHOOK_URL", ""),
        help="where events are sent; without it they are only listed under /v1/events",
    )
    parser.add_argument(
        "--public-url",
        default=env.get("SANDBOX_URL", ""),
        help="the address that browsers know this server by; http://localhost:PORT without it",
    )
    parser.add_argument(
        "--hold-seconds",
        type=float,
        default=float(env.get("SANDBOX_HOLD_SECONDS", "25")),
        help="how long the slow test cards hold their answer back",
    )
    parser.add_argument(
        "--dispute-seconds",
        type=int,
        default=int(env.get("SANDBOX_DISPUTE_SECONDS", "30")),
        help="how long after its charge the disputed test card is charged back",
    )
    given = parser.parse_args(arguments)
    if not given.api_key or not given.webhook_secret:
        parser.error("an API key and a webhook secret are needed: --api-key, --webhook-secret")
    return Options(
        host=given.host,
        port=given.port,
        data_dir=given.data,
        api_key=given.api_key,
        webhook_secret=given.webhook_secret,
        webhook_url=given.webhook_url,
        public_url=(given.public_url or f"http://localhost:{given.port}").rstrip("/"),
        hold_seconds=given.hold_seconds,
        dispute_seconds=given.dispute_seconds,
    )
