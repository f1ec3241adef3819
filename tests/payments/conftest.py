from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.payments.processors.harness import SandboxHarness
from tests.processes import Portal, Sandbox


@pytest.fixture
def harness(
    request: pytest.FixtureRequest, sandbox_processor: Sandbox, _portal_process: Portal, settings: Settings
) -> Iterator[SandboxHarness]:
    """The processor under contract, asked with little patience; another processor brings a harness of its own.

    A portal that an earlier test has left running would hear the webhooks first, and settle what a test calls open.
    Each test's cards are its own: the cap on a card's wallets counts over the whole run.
    """
    if "live_portal" not in request.fixturenames:
        _portal_process.kill()
    settings.PROCESSOR_TIMEOUT_SECONDS = 1
    harness = SandboxHarness(sandbox_processor.url)
    harness.reissue_cards()
    yield harness
    harness.close()


@pytest.fixture
def grown_up(settings: Settings) -> None:
    """No limits of young accounts: customers of tests were born a moment ago."""
    settings.TOP_UP_NEW_ACCOUNT = []
