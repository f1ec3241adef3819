"""The pages a person sees: the card page and the pretend bank's 3-D Secure page.

Each lies under an address that holds the intent's secret of 256 bits, which stands in for a session and for a CSRF
token: who does not know it can neither read nor post.
"""

import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from . import catalogue, challenges, charges, render, setups
from .challenges import Challenge, Verdict
from .config import Options
from .messages import Request, Response, redirect
from .render import Markup
from .setups import CardForm, CardRefusedError
from .store import Store, Stored, Transaction
from .texts import MERCHANT, TEXTS, choose_language

_PATH = re.compile(
    r"/(?P<area>setup|pay)/(?P<id>[a-z]+_[0-9a-f]{24})/(?P<secret>[\w-]{43})(?P<leave>/leave)?"
)
_BRANDS = {"visa": "Visa", "mastercard": "Mastercard", "jcb": "JCB", "amex": "American Express"}


class HostedPages:
    """Answers the requests of browsers. Safe to share between threads."""

    def __init__(self, store: Store, options: Options, run_due_jobs: Callable[[Transaction], None]) -> None:
        self._store = store
        self._options = options
        self._run_due_jobs = run_due_jobs

    def answer(self, request: Request) -> Response:
        """Answer one request; an unknown address and a wrong secret give the same 404."""
        language = choose_language(request.headers.get("accept-language", ""))
        match = _PATH.fullmatch(request.path)
        if match is None:
            return _missing(language)
        kind = setups.KIND if match["area"] == "setup" else charges.KIND
        with self._store.transaction() as tx:
            self._run_due_jobs(tx)
            intent = tx.get(kind, match["id"])
            if intent is None or not hmac.compare_digest(intent.private["secret"], match["secret"]):
                return _missing(language)
            if match["leave"]:
                return redirect(_return_address(intent, "abandoned"))
            if request.method == "POST":
                return self._act(tx, intent, request, language)
            return _show(tx, intent, request.query, language)

    def _act(self, tx: Transaction, intent: Stored, request: Request, language: str) -> Response:
        if challenges.current(intent) is not None and "decision" in request.form:
            return self._decide(tx, intent, request.form, language)
        if intent.kind == setups.KIND and "number" in request.form and _takes_card(intent):
            return self._take_card(tx, intent, request, language)
        return redirect(request.path)

    def _take_card(self, tx: Transaction, setup: Stored, request: Request, language: str) -> Response:
        form = CardForm(
            number=request.form.get("number", ""),
            expiry=request.form.get("expiry", ""),
            security_code=request.form.get("security_code", ""),
            holder=request.form.get("holder", ""),
        )
        try:
            setups.submit_card(tx, setup, form, self._options)
        except CardRefusedError as refused:
            if not setups.is_open(setup):
                return redirect(_return_address(setup, "failed"))
            return _card_page(setup, language, form, refused)
        return redirect(request.path)

    def _decide(self, tx: Transaction, intent: Stored, form: Mapping[str, str], language: str) -> Response:
        is_setup = intent.kind == setups.KIND
        verdict = Verdict.FAILED
        if form["decision"] == "approve":
            verdict = challenges.judge(intent, form.get("code", ""))
        if verdict is Verdict.WRONG:
            tx.save(intent)
            return _challenge_page(intent, language, TEXTS[language]["wrong_code"])
        if verdict is Verdict.PASSED and is_setup:
            setups.pass_challenge(tx, intent)
        elif verdict is Verdict.PASSED:
            charges.pass_challenge(tx, intent, self._options)
        elif is_setup:
            setups.fail_challenge(tx, intent)
        else:
            charges.fail_challenge(tx, intent)
        return redirect(_return_address(intent, verdict.value))


def _takes_card(setup: Stored) -> bool:
    return setup.body["status"] == "requires_payment_method" and setups.is_open(setup)


def _show(tx: Transaction, intent: Stored, query: Mapping[str, str], language: str) -> Response:
    if challenges.current(intent) is not None:
        return _challenge_page(intent, language)
    if intent.kind == setups.KIND and _takes_card(intent):
        return _card_page(intent, language, _prefilled(intent, query, tx.now))
    return _finished(intent, language)


def _prefilled(setup: Stored, query: Mapping[str, str], now: float) -> CardForm:
    """The form filled from a chosen test card; the address names its place in the list, never its number."""
    holder = setup.private["name"]
    chosen = query.get("card", "")
    if not (chosen.isascii() and chosen.isdigit() and int(chosen[:3]) < len(catalogue.CARDS)):
        return CardForm("", "", "", holder)
    card = catalogue.CARDS[int(chosen[:3])]
    year = datetime.fromtimestamp(now, UTC).year + 3
    code = "1234" if card.brand == "amex" else "123"
    return CardForm(catalogue.grouped(card.number), f"12 / {year % 100:02d}", code, holder)


def _card_page(
    setup: Stored, language: str, form: CardForm, refused: CardRefusedError | None = None
) -> Response:
    texts = TEXTS[language]
    message = texts[refused.reason] if refused else ""

    def error(field: str) -> str:
        return message if refused and refused.field == field else ""

    fields = [
        render.text_field(
            language,
            "number",
            value=form.number,
            error=error("number"),
            autocomplete="cc-number",
            numeric=True,
        ),
        render.text_field(
            language,
            "expiry",
            value=form.expiry,
            hint=texts["expiry_hint"],
            error=error("expiry"),
            autocomplete="cc-exp",
            numeric=True,
            width="short",
        ),
        render.text_field(
            language,
            "security_code",
            value="" if refused else form.security_code,
            hint=texts["security_code_hint"],
            error=error("security_code"),
            autocomplete="cc-csc",
            numeric=True,
            width="short",
        ),
        render.text_field(
            language, "holder", value=form.holder, error=error("holder"), autocomplete="cc-name"
        ),
    ]
    content = render.fill(
        "card",
        language,
        {
            "summary": render.error_summary(language, refused.field if refused else "", message),
            "fields": Markup("".join(fields)),
            "leave": _leave_path(setup),
            "cards": _test_cards(language),
        },
    )
    return _html(
        200 if refused is None else 422, language, "card_title", content, setup, is_error=bool(message)
    )


def _test_cards(language: str) -> Markup:
    rows = [
        render.fill(
            "test_card",
            language,
            {
                "place": str(place),
                "number": catalogue.grouped(card.number),
                "brand": _BRANDS[card.brand],
                "what": TEXTS[language][f"card_{card.behaviour.value}"],
            },
        )
        for place, card in enumerate(catalogue.CARDS)
    ]
    return Markup("".join(rows))


def _challenge_page(intent: Stored, language: str, message: str = "") -> Response:
    challenge = challenges.current(intent)
    if challenge is None:
        return _finished(intent, language)
    texts = render.words(language)
    lead = "challenge_lead_link" if intent.kind == setups.KIND else "challenge_lead_pay"
    content = render.fill(
        "challenge",
        language,
        {
            "summary": render.error_summary(language, "code", message),
            "lead": texts[lead],
            "merchant": MERCHANT,
            "card": f"{_BRANDS[challenge.brand]} •••• {challenge.last4}",
            "amount": _amount_row(challenge, language),
            "demo_code": challenge.code,
            "code_field": render.text_field(
                language,
                "code",
                hint=texts["code_hint"],
                error=message,
                autocomplete="one-time-code",
                numeric=True,
                width="short",
            ),
            "leave": _leave_path(intent),
        },
    )
    return _html(
        200 if not message else 422, language, "challenge_title", content, intent, is_error=bool(message)
    )


def _amount_row(challenge: Challenge, language: str) -> Markup:
    if challenge.amount is None:
        return Markup("")
    return render.fill("amount", language, {"amount": f"¥{challenge.amount:,}"})


def _finished(intent: Stored, language: str) -> Response:
    content = render.fill("finished", language, {"address": _return_address(intent, "finished")})
    return _html(200, language, "finished_title", content, intent)


def _missing(language: str) -> Response:
    return _html(404, language, "missing_title", render.fill("missing", language, {}), None)


def _leave_path(intent: Stored) -> str:
    area = "setup" if intent.kind == setups.KIND else "pay"
    return f"/{area}/{intent.id}/{intent.private['secret']}/leave"


def _return_address(intent: Stored, outcome: str) -> str:
    """The merchant's address with the intent's id. What happened is read through the API, never from here."""
    parts = urlsplit(intent.private["return_url"])
    query = [
        *parse_qsl(parts.query, keep_blank_values=True),
        (intent.kind, intent.id),
        ("redirect_status", outcome),
    ]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _html(
    status: int, language: str, title: str, content: Markup, intent: Stored | None, *, is_error: bool = False
) -> Response:
    form_action = "'self'"
    if intent is not None:
        parts = urlsplit(intent.private["return_url"])
        # Browsers hold the redirect that follows a form to form-action as well.
        form_action += f" {parts.scheme}://{parts.netloc}"
    policy = (
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action {form_action}"
    )
    headers = (
        ("Content-Security-Policy", policy),
        ("Content-Language", language),
        ("Vary", "Accept-Language"),
    )
    body = render.page(language, render.words(language)[title], content, is_error=is_error)
    return Response(status, body, "text/html; charset=utf-8", headers)
