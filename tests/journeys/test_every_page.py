"""Every page in a real browser: no barrier, nothing cut off, no message of the policy, one language, light enough.

English is looked at on a light desktop and a dark phone, Japanese on a dark desktop and a light phone, both on the
narrowest screen. `PICTURES_OF_PAGES=folder` keeps a picture of each.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.urls import URLResolver, get_resolver
from playwright.sync_api import Page

from tests.journeys.guide import Guide, demo_person, words_of_people
from tests.journeys.inspection import Inspector, Scales
from tests.journeys.tours import TOURS
from tests.processes import Portal
from wallet_site.local.seeding import seed

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("worker", "sandbox_processor"),
]
Visitors = Callable[..., Page]
LANGUAGES = [
    # One after the other on one worker, so that the last of each knows what was seen.
    pytest.param(language, marks=pytest.mark.xdist_group(f"every page in {language}"))
    for language in ("en", "ja")
]
# They redirect, act on a POST, answer machines, or (the gallery of components) have tests of their own.
WITHOUT_A_PAGE = {
    "livez", "readyz", "metrics", "manifest", "set_language", "security_txt",
    "accounts:recovery_link", "accounts:recovery_mail_again",
    "accounts:sign_out", "accounts:sign_up_resend", "accounts:reset_link", "accounts:cancel_email",
    "accounts:cancel_notice_email", "accounts:cancel_phone",
    "accounts:again_email", "accounts:again_notice_email", "accounts:again_phone",
    "accounts:end_other_sessions", "accounts:end_session", "accounts:end_app", "accounts:end_all_sessions",
    "accounts:sign_in_history_file", "accounts:well_known_change_password",
    "accounts:go_on",
    "payments:pay_state", "payments:top_up_cancel", "payments:processor_events",
    "payments:closing_call_off", "payments:data_export_download",
    "payments:receipt", "payments:statement_pdf", "payments:statement_csv",
    "admin:settlement_report", "admin:replay_webhook",
    "payments:pay_confirm", "payments:activity_news", "payments:money_request_close", "payments:unblock",
    "admin:login", "admin:logout", "admin:password_change", "admin:password_change_done", "admin:autocomplete",
    "admin:jsi18n", "admin:view_on_site", "admin:app_list", "admin:note", "admin:end_access",
    "demo:message_html", "demo:gallery",
}  # fmt: skip
SEEN: dict[tuple[str, str], set[str]] = {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("tour", TOURS, ids=lambda tour: tour.__name__)
def test_every_page_is_whole(visitor: Visitors, live_portal: Portal, tour, language: str) -> None:
    seed()
    page = visitor(locale={"en": "en-GB", "ja": "ja-JP"}[language])
    folder = os.environ.get("PICTURES_OF_PAGES")
    inspector = Inspector(page, language, words_of_people, pictures=Path(folder) if folder else None)
    for name in tour(Guide(page, language, live_portal)):
        inspector.look(name)
    SEEN[language, tour.__name__] = inspector.routes
    assert not inspector.findings, "\n".join(inspector.findings)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_is_left_out(language: str) -> None:
    """Says something only where all tours have run before it: a part of them sees a part of the pages."""
    seen = [SEEN.get((language, tour.__name__), set()) for tour in TOURS]
    if all(seen):
        assert sorted(routes() - WITHOUT_A_PAGE - set().union(*seen)) == []


def routes(patterns: Sequence[Any] = (), namespace: str = "") -> set[str]:
    """The names of all addresses but those of the API, which has pages of documentation only."""
    found = set()
    for one in patterns or get_resolver().url_patterns:
        if isinstance(one, URLResolver):
            found |= routes(one.url_patterns, one.namespace or namespace)
        elif one.name and namespace not in ("api", "v1"):
            found.add(f"{namespace}:{one.name}" if namespace else one.name)
    return found


@pytest.mark.parametrize("path", ["/", "/activity/", "/pay/", "/cards/", "/top-up/", "/security/"])
def test_a_page_is_light_and_holds_still(visitor: Visitors, live_portal: Portal, path: str) -> None:
    seed()
    page = visitor(viewport={"width": 390, "height": 844})
    Guide(page, "ja", live_portal).become(demo_person("aya@example.com"))
    assert not (found := Scales(page).findings(path)), found


@pytest.mark.parametrize("path", ["/sign-in/", "/sign-up/", "/reset/", "/demo/"])
def test_an_open_page_is_light_and_holds_still(visitor: Visitors, path: str) -> None:
    assert Scales(visitor(viewport={"width": 390, "height": 844})).findings(path) == []
