"""Leads through the portal: gets somebody signed in, goes to pages, knows what people have typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from playwright.sync_api import Page

from accounts.models import Suspension, User
from payments.models import MoneyRequest, Transfer
from support.models import Approval, Case, Note
from tests.journeys.customer import Customer
from tests.people import Person, session_key_for
from tests.processes import Portal
from wallet_site.browsers import digest_of
from wallet_site.local.mail import mailboxes
from wallet_site.local.people import CUSTOMERS, DEMO_BROWSER, seeded
from wallet_site.local.phones import phones

Tour = Iterator[str]


@dataclass
class Guide:
    """Somebody in a browser whom the tours lead; `portal` is what they look at."""

    page: Page
    language: str
    portal: Portal

    def become(self, person: Person | None) -> Customer:
        """The browser signed in as that person with a second factor, or as nobody."""
        self.page.context.clear_cookies()
        if person is not None:
            cookie = {
                "name": settings.SESSION_COOKIE_NAME,
                "value": session_key_for(person),
                "url": self.portal.url,
            }
            self.page.context.add_cookies([cookie])
        return Customer(self.page, self.language)

    def goto(self, *paths: str) -> Tour:
        for path in paths:
            self.page.goto(path)
            if path == "/pay/":
                self.page.locator("#code").locator(".code, [role=alert]").first.wait_for()
            yield path


def words_of_people() -> set[str]:
    """The Latin words that somebody has typed or been sent: they are in no language of ours, or in another's."""
    typed = (
        User.objects.values_list("full_name"),
        Suspension.objects.values_list("reason", "lift_reason"),
        Case.objects.values_list("subject", "text"),
        Note.objects.values_list("text"),
        Approval.objects.values_list("reason"),
        Transfer.objects.values_list("message"),
        MoneyRequest.objects.values_list("message"),
    )
    said = " ".join(str(text) for rows in typed for row in rows for text in row)
    said += " ".join(box.newest.subject for box in mailboxes())
    # A phone that is told by push is named by its token.
    said += " ".join(phone.address for phone in phones())
    # `tests` is the system's name in what the tests themselves have done.
    return {"tests", *re.findall(r"[A-Za-z]{2,}", said)}


def demo_person(email: str) -> Person:
    """One of the demo people, with half a year of money."""
    found = next(one for one in CUSTOMERS if one.email == email)
    return Person(
        seeded()[email], "", found.totp_seed, network="203.0.113.7", browser=digest_of(DEMO_BROWSER)
    )
