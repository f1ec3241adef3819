"""Statements and receipts equal the books, on the page, on paper and as a table, for their owner alone."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from uuid import uuid4

import psycopg
import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from payments import posting
from payments.actions.statements import ended_months, make_statements
from payments.actions.store_payments import take_payment
from payments.errors import NotOver
from payments.models import Entry, Statement
from payments.papers.sheet import FONTS, Column, Sheet
from payments.statement_queries import statement_entries
from payments.verification import first_fault, verify_books
from tests.api_client import Phone
from tests.payments.books import TESTS, customer_with, open_counter, shown_code, top_up, wallet
from tests.payments.past import at_noon, set_back
from tests.people import Person, anonymous_client, make_customer, signed_in_client
from wallet_site.spreadsheets import csv_lines
from wallet_site.transactions import recorded

pytestmark = pytest.mark.django_db(transaction=True)


def pay(person: Person, amount: int) -> int | None:
    counter = open_counter()
    taken = take_payment(
        counter.terminal,
        code=shown_code(person),
        amount_minor=amount,
        currency="JPY",
        reference=uuid4().hex,
        idempotency_key=str(uuid4()),
        actor=counter.actor,
    )
    return taken.payment.journal_id


def newest_journal(person: Person) -> int:
    return Entry.objects.filter(account=wallet(person)).latest("account_seq").journal_id


@pytest.fixture
def aya(owner_connection: psycopg.Connection) -> Person:
    """Topped up two months ago, paid twice last month, once this month; her statements are made."""
    aya = customer_with(0)
    before, last = ended_months(2)
    for month, amount in ((before, 5_000), (last, 2_000)):
        top_up(aya, amount)
        set_back(owner_connection, [newest_journal(aya)], at_noon(month))
    set_back(owner_connection, [pay(aya, 842), pay(aya, 1_158)], at_noon(last + timedelta(days=20)))
    pay(aya, 77)
    make_statements(TESTS)
    return aya


def path(name: str, statement: Statement) -> str:
    return reverse(f"payments:{name}", args=[statement.month.year, f"{statement.month:%m}"])


def text_of(pdf: bytes) -> str:
    """What a reader finds in it. pypdf takes the fonts' two-byte codes for two signs each, one of them none."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).replace("\0", "")


def test_statements_are_the_books(aya: Person) -> None:
    before, last = Statement.objects.filter(account=wallet(aya)).order_by("month")
    assert (before.opening, before.money_in, before.money_out, before.closing) == (0, 5_000, 0, 5_000)
    assert (last.opening, last.money_in, last.money_out, last.closing) == (5_000, 2_000, 2_000, 5_000)
    assert (last.first_seq, last.entry_count) == (before.last_seq + 1, 3)
    entries = statement_entries(last)
    assert last.opening + sum(entry.amount for entry in entries) == last.closing == entries[-1].balance_after
    assert make_statements(TESTS) == 0, "a second run makes none"
    assert verify_books().fault is None


def test_an_entry_that_comes_in_late_is_on_the_next_statement_and_on_no_other(
    aya: Person, owner_connection: psycopg.Connection
) -> None:
    """Its clock says last month, whose statement is made: nothing that was handed out changes."""
    last = Statement.objects.filter(account=wallet(aya)).latest("month")
    top_up(aya, 300)
    set_back(owner_connection, [newest_journal(aya)], at_noon(last.month))
    assert make_statements(TESTS) == 0
    last.refresh_from_db()
    assert last.closing == 5_000 and Entry.objects.filter(account=wallet(aya)).count() > last.last_seq


def test_months_without_an_entry_and_wallets_without_one(owner_connection: psycopg.Connection) -> None:
    ken, nobody = customer_with(900, "ken"), make_customer("mio")
    before, _last = ended_months(2)
    set_back(owner_connection, [newest_journal(ken)], at_noon(before))
    make_statements(TESTS)
    quiet = Statement.objects.filter(account=wallet(ken)).latest("month")
    assert (quiet.opening, quiet.closing, quiet.entry_count) == (900, 900, 0)
    assert not Statement.objects.filter(account=wallet(nobody)).exists()
    client = signed_in_client(ken)
    assert "Nothing moved in this month." in client.get(path("statement", quiet)).content.decode()
    assert "Nothing moved in this month." in text_of(client.get(path("statement_pdf", quiet)).content)


def test_a_month_that_runs_is_not_closed_and_nothing_is_rewritten(
    aya: Person, owner_connection: psycopg.Connection
) -> None:
    this_month = (ended_months(1)[0] + timedelta(days=32)).replace(day=1)
    with pytest.raises(NotOver), recorded(TESTS):
        posting.make_statements(this_month, after=0, count=10)
    last = Statement.objects.filter(account=wallet(aya)).latest("month")
    forged = f"UPDATE payments_statement SET closing = 1, money_in = 0 WHERE id = {last.pk}"
    with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(forged)
    with pytest.raises(psycopg.Error, match="append-only"):
        owner_connection.execute(forged)
    with owner_connection.transaction(force_rollback=True), owner_connection.cursor() as cursor:
        cursor.execute("ALTER TABLE payments_statement DISABLE TRIGGER append_only")
        with pytest.raises(psycopg.errors.CheckViolation), owner_connection.transaction():
            cursor.execute(forged)
        cursor.execute(
            f"UPDATE payments_statement SET closing = closing + 1, money_in = money_in + 1 WHERE id = {last.pk}"
        )
        fault = first_fault(cursor)
    assert fault is not None and fault.row == f"statement {last.pk}"


def test_page_paper_and_table_say_the_same(aya: Person) -> None:
    last = Statement.objects.filter(account=wallet(aya)).latest("month")
    english = signed_in_client(aya)
    assert path("statement", last) in english.get(reverse("payments:statements")).content.decode()
    shown = english.get(path("statement", last)).content.decode()
    paper = text_of(english.get(path("statement_pdf", last)).content)
    for said in ("Opening balance", "¥5,000", "+¥2,000", "−¥842", "−¥1,158", "Aya Sato", "渋谷店"):
        assert said in shown, said
        assert said in paper, said
    answer = english.get(path("statement_csv", last))
    assert answer["Content-Disposition"] == f'attachment; filename="statement-{last.month:%Y-%m}.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbfDate,")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))[1:]
    assert rows[0][4] == "5000" and rows[-1][4] == "5000"
    assert [int(row[3]) for row in rows[1:-1]] == [2_000, -842, -1_158]
    japanese = signed_in_client(aya, language="ja")
    assert "ご利用明細" in japanese.get(path("statement", last)).content.decode()
    kanji = text_of(japanese.get(path("statement_pdf", last)).content)
    assert "ご利用明細" in kanji and "渋谷店" in kanji and "−¥842" in kanji


def test_the_app_gets_the_same_papers(aya: Person) -> None:
    phone = Phone.signed_in(aya)
    told = phone.get("/api/v1/statements").json()
    last = told[0]
    assert (last["opening"], last["money_in"], last["money_out"], last["closing"], last["entries"]) == (
        5_000,
        2_000,
        2_000,
        5_000,
        3,
    )
    paper = phone.get(f"/api/v1/statements/{last['month']}/pdf")
    assert paper.headers["content-type"] == "application/pdf" and "¥5,000" in text_of(paper.content)
    assert phone.get(f"/api/v1/statements/{last['month']}/csv").content.startswith(b"\xef\xbb\xbf")
    line = phone.get("/api/v1/activity").json()["results"][0]
    assert "−¥77" in text_of(phone.get(f"/api/v1/activity/{line['id']}/receipt").content)
    for nothing in (
        "/api/v1/statements/1999-01/pdf",
        "/api/v1/statements/2026-13/csv",
        "/api/v1/activity/1/receipt",
    ):
        assert phone.get(nothing).status == 404


@pytest.mark.requirement(44)
def test_papers_are_their_owner_s_alone(aya: Person) -> None:
    last = Statement.objects.filter(account=wallet(aya)).latest("month")
    receipt = reverse("payments:receipt", args=[newest_journal(aya)])
    other: Client = signed_in_client(make_customer("ken"))
    for url in (*(path(name, last) for name in ("statement", "statement_pdf", "statement_csv")), receipt):
        assert other.get(url).status_code == 404
        assert anonymous_client().get(url).status_code == 302
        assert signed_in_client(aya).get(url).status_code == 200


def test_a_receipt_is_one_movement_on_one_page(aya: Person) -> None:
    client = signed_in_client(aya)
    for entry in Entry.objects.filter(account=wallet(aya)):
        answer = client.get(reverse("payments:receipt", args=[entry.journal_id]))
        assert answer["Content-Type"] == "application/pdf"
        assert len(PdfReader(io.BytesIO(answer.content)).pages) == 1
        said = text_of(answer.content)
        assert "Receipt" in said and str(entry.journal_id) in said and f"{abs(entry.amount):,}" in said


def test_a_long_table_goes_on_over_pages_with_its_headings_and_a_long_name_fits() -> None:
    sheet = Sheet("長い明細", subtitle="x")
    name = "寿限無寿限無五劫の擦り切れ" * 8
    sheet.table([Column("日付", 40), Column("内容", 60)], [(str(n), name) for n in range(90)])
    content = sheet.as_bytes()
    pages = len(PdfReader(io.BytesIO(content)).pages)
    said = text_of(content)
    assert pages > 2 and said.count("日付") == pages
    assert name not in said and said.count("…") == 90


def test_papers_need_nothing_from_the_system() -> None:
    """Names with kanji of the IBM rows are drawn from our own fonts, and embedded."""
    sheet = Sheet("髙橋 﨑")
    sheet.amount("金額", "¥1")
    fonts = PdfReader(io.BytesIO(sheet.as_bytes())).pages[0]["/Resources"]["/Font"]
    assert fonts and all("NotoSansJapanese" in str(font.get_object()["/BaseFont"]) for font in fonts.values())
    assert sorted(file.name for file in FONTS.glob("*.otf")) == [
        "NotoSansJP-Bold.otf",
        "NotoSansJP-Regular.otf",
    ]


def test_cells_that_are_no_formula_stay_as_they_are() -> None:
    cells = (-842, "渋谷店", None, date(2026, 5, 1), "a,b")
    assert "".join(csv_lines(("見出し",), [cells])) == '\ufeff見出し\r\n-842,渋谷店,,2026-05-01,"a,b"\r\n'
