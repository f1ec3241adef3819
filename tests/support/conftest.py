"""Fixtures of the desk's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.switchboard import release_all


@pytest.fixture
def switchboard(transactional_db: None) -> Iterator[None]:
    """Whatever a test pulls is released after it."""
    yield
    release_all()
