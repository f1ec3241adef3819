"""Swagger UI under the strict policy: it draws itself, complains of nothing, and speaks to nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.api_client import Phone
from tests.processes import Portal

pytestmark = pytest.mark.requirement(43)


@pytest.mark.django_db
def test_the_policy_is_wider_for_pictures_alone() -> None:
    policy = Phone().get("/api/v1/docs", proof="").headers["content-security-policy"]
    told = {part.split()[0]: part.split()[1:] for part in policy.split("; ")}
    assert told["default-src"] == ["'none'"]
    assert told["script-src"] == told["style-src"] == told["connect-src"] == ["'self'"]
    assert told["img-src"] == ["'self'", "data:"]
    elsewhere = Phone().get("/api/v1/schema", proof="").headers["content-security-policy"]
    assert "data:" not in elsewhere


@pytest.mark.browser
def test_the_page_shows_every_part_and_asks_nobody_else(
    live_portal: Portal, visitor: Callable[..., Page]
) -> None:
    page = visitor(locale="en-GB")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/api/v1/docs")
    page.get_by_text("get_wallet", exact=True).wait_for()
    page.get_by_text("/api/v1/sign-in", exact=True).click()
    page.get_by_text("insufficient-authorization").first.wait_for()
    assert page.get_by_role("button", name="Try it out").count() == 0
    others = [url for url in asked if not url.startswith(("data:", live_portal.url))]
    assert not others
