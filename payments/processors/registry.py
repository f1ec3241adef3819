"""The processor that the settings name."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from payments.errors import NoProcessor
from payments.processors.base import Processor
from payments.processors.sandbox.client import SandboxProcessor
from payments.processors.stripe.client import StripeProcessor

# The setting that keeps cards closed until a real processor is there.
NONE = "none"


@lru_cache(maxsize=8)
def _sandbox(url: str, api_key: str, webhook_secret: str, timeout_seconds: float) -> SandboxProcessor:
    return SandboxProcessor(
        url=url, api_key=api_key, webhook_secret=webhook_secret, timeout_seconds=timeout_seconds
    )


@lru_cache(maxsize=8)
def _stripe(url: str, api_key: str, webhook_secret: str, timeout_seconds: float) -> StripeProcessor:
    return StripeProcessor(
        url=url, api_key=api_key, webhook_secret=webhook_secret, timeout_seconds=timeout_seconds
    )


def current_processor() -> Processor:
    """The processor for new cards and charges; connections are shared by all threads of the process.

    Raises `NoProcessor` where none is configured: what is linked stays, nothing new begins.
    """
    if settings.PROCESSOR == NONE:
        raise NoProcessor
    return processor_named(settings.PROCESSOR)


def processor_named(name: str) -> Processor:
    """The processor that a card or top-up was made with; raises ImproperlyConfigured for one that is not set up."""
    if name == SandboxProcessor.name:
        return _sandbox(
            settings.SANDBOX_URL,
            settings.SANDBOX_API_KEY,
            settings.SANDBOX_WEBHOOK_SECRET,
            float(settings.PROCESSOR_TIMEOUT_SECONDS),
        )
    if name == StripeProcessor.name and settings.STRIPE_API_KEY:
        return _stripe(
            settings.STRIPE_URL,
            settings.STRIPE_API_KEY,
            settings.STRIPE_WEBHOOK_SECRET,
            float(settings.PROCESSOR_TIMEOUT_SECONDS),
        )
    raise ImproperlyConfigured(f"No processor is named {name!r}.")
