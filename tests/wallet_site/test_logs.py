"""A log line never holds a secret, whatever somebody passes to it, and says which request it belongs to."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.test import Client

from wallet_site.logs import hide_secrets, logging_config


@pytest.mark.requirement(42)
def test_values_that_name_a_secret_are_blanked_and_the_rest_stays() -> None:
    line = {
        "event": "token_refused",
        "password": "hunter2",
        "refresh_token": "abc",
        "Authorization": "DPoP abc",
        "code": 200,
        "attempts": 3,
        "topic": "accounts:credential:changed",
    }
    assert hide_secrets(None, "info", dict(line)) == line | {
        "password": "[hidden]",
        "refresh_token": "[hidden]",
        "Authorization": "[hidden]",
    }


@pytest.mark.requirement(42)
def test_a_secret_deep_inside_is_blanked_too() -> None:
    line = {
        "event": "webhook",
        "headers": {"Cookie": "session=abc", "Host": "localhost"},
        "tries": [{"totp_seed": "JBSWY3DP", "n": 1}, "/undo/abc123/"],
    }
    assert hide_secrets(None, "info", line) == {
        "event": "webhook",
        "headers": {"Cookie": "[hidden]", "Host": "localhost"},
        "tries": [{"totp_seed": "[hidden]", "n": 1}, "/undo/[hidden]"],
    }


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What production would write, while the test runs; then logging is as it was."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    written = io.StringIO()
    config = logging_config(level="INFO", as_json=True)
    structlog.configure(cache_logger_on_first_use=False)
    config["handlers"]["console"]["stream"] = written
    logging.config.dictConfig(config)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


def parsed(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


@pytest.mark.django_db
def test_every_line_is_one_object_and_names_its_request(lines: io.StringIO) -> None:
    Client().get("/undo/a-secret-token/")

    said = parsed(lines)

    assert {line["event"] for line in said} >= {"request_started", "request_finished"}
    (request_id,) = {line["request_id"] for line in said if line["event"].startswith("request_")}
    assert uuid.UUID(request_id)
    assert all({"timestamp", "level", "logger"} <= line.keys() for line in said)
    assert "a-secret-token" not in lines.getvalue()


def test_lines_of_libraries_and_tracebacks_keep_the_form(lines: io.StringIO) -> None:
    logging.getLogger("some.library").warning("cannot reach %s", "it")
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger("ours").exception("failed", attempts=2)

    foreign, ours = parsed(lines)

    assert (foreign["event"], foreign["logger"], foreign["level"]) == (
        "cannot reach it",
        "some.library",
        "warning",
    )
    assert (ours["event"], ours["attempts"], ours["level"]) == ("failed", 2, "error")
    assert "ValueError: broken" in ours["exception"]
