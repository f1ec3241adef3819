"""What production must have before it serves anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

MINIMUM_WEBHOOK_SECRET_CHARACTERS = 32
_LOCAL_NAMES = {"localhost", "127.0.0.1", "::1", "0.0.0.0", ""}  # noqa: S104 (nothing is bound)


def refuse_one_secret_for_two(secrets: Mapping[str, Iterable[str]]) -> None:
    """Raise when one value serves two purposes: whoever learns it for the one has it for the other.

    `secrets` names every variable with its values, today's and earlier ones.
    """
    seen: dict[str, str] = {}
    for name, values in secrets.items():
        for value in values:
            if value in seen:
                again = f"{name} twice" if seen[value] == name else f"{seen[value]} and in {name}"
                raise ImproperlyConfigured(f"The same secret stands in {again}; make a new random one.")
            seen[value] = name


def production_requirements(
    *,
    public_url: str,
    hosts: Sequence[str],
    processor: str,
    sandbox_secret: str,
    mail_backend: str,
    gateways: Mapping[str, str],
) -> None:
    """Raise `ImproperlyConfigured` when a development value is about to be used for real.

    The sandbox processor gives away money that nobody paid, so it never runs in production.
    """
    url = urlsplit(public_url)
    if url.scheme != "https" or (url.hostname or "") in _LOCAL_NAMES:
        raise ImproperlyConfigured(
            f"PUBLIC_URL is {public_url!r}; production needs the https:// address customers use."
        )
    if open_hosts := [host for host in hosts if host.startswith(("*", "."))]:
        raise ImproperlyConfigured(f"EXTRA_HOSTS holds {open_hosts[0]!r}; name every host, one by one.")
    if processor == "sandbox" or sandbox_secret:
        raise ImproperlyConfigured(
            "PROCESSOR=sandbox accepts pretend cards, and whoever has SANDBOX_WEBHOOK_SECRET can speak for it; "
            "production has neither: set PROCESSOR=stripe, or none."
        )
    if not mail_backend.endswith("smtp.EmailBackend"):
        raise ImproperlyConfigured("EMAIL_URL must name a mail server (smtp+tls://user:password@host:587).")
    for name, gateway in gateways.items():
        if gateway and urlsplit(gateway).scheme != "https":
            raise ImproperlyConfigured(
                f"{name.upper()}_GATEWAY_URL is {gateway!r}; what people are told leaves by https:// only."
            )


def stripe_requirements(*, url: str, api_key: str, webhook_secret: str) -> None:
    """Raise `ImproperlyConfigured` for a Stripe that charges no real cards or that anybody could speak for."""
    if url != "https://api.stripe.com":
        raise ImproperlyConfigured(f"STRIPE_URL is {url!r}; production talks to https://api.stripe.com.")
    if not api_key.startswith(("sk_live_", "rk_live_")):
        raise ImproperlyConfigured(
            "STRIPE_API_KEY is no live key (sk_live_..., rk_live_...): test cards would fill wallets with money "
            "that nobody paid."
        )
    if not webhook_secret.startswith("whsec_") or len(webhook_secret) < MINIMUM_WEBHOOK_SECRET_CHARACTERS:
        raise ImproperlyConfigured(
            "STRIPE_WEBHOOK_SECRET is no signing secret of a webhook endpoint (whsec_...); whoever guesses it tops up."
        )
