"""What drills of single steps share: the card processor behind a gate, and a worker that starts when it is told to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.drill.gate import Gate, behind, opened
from tests.payments.processors.harness import SandboxHarness
from tests.processes import Sandbox, Worker


@pytest.fixture
def bank(sandbox_processor: Sandbox, settings: Settings) -> Iterator[SandboxHarness]:
    settings.PROCESSOR_TIMEOUT_SECONDS = 1
    harness = SandboxHarness(sandbox_processor.url)
    yield harness
    harness.close()


@pytest.fixture(scope="module")
def _gate(_sandbox_process: Sandbox) -> Iterator[Gate]:
    """One for all tests here, so that a portal that one of them leaves running serves the next."""
    with opened(_sandbox_process.url) as gate:
        yield gate


@pytest.fixture
def line(_gate: Gate) -> Iterator[Gate]:
    """The gate between the portal's processes and the card processor; it stands open again for the next test."""
    yield _gate
    _gate.open_all()


@pytest.fixture
def sweeper(_worker_process: Worker, no_portal: None, transactional_db: None, line: Gate) -> Iterator[Worker]:
    """A worker behind the gate, not started yet, and no portal that could take the processor's events.

    Beat goes on: it is the worker that dies here.
    """
    worker = _worker_process.worker
    worker.kill()
    usual = worker.environment
    worker.environment = {**usual, **behind(line)}
    yield _worker_process
    worker.kill()
    worker.environment = usual
