"""One customer, one page; and what can be done from it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Suspension, User
from accounts.policy import cool_off
from support.actions import cases, letters, looks, sessions, suspensions
from support.forms.customer import ApologyForm, CaseForm, NoteForm, RevealForm, SuspendForm
from support.forms.fields import ReasonForm
from support.queries import customers as known
from support.queries.timeline import KINDS, Cursor, Kind, timeline
from support.timeline_words import KIND_LABELS, by_day
from support.views.access import customer_or_404, desk_page, page
from support.words import what_stops
from wallet_site.web import actor_of


@require_safe
@desk_page("use_desk")
def customer(request: HttpRequest, public_id: object) -> HttpResponse:
    """Everything about one customer. Opening it is logged; going on in its timeline is the same look."""
    person = customer_or_404(public_id)
    kind: Kind | None = next((one for one in KINDS if one == request.GET.get("kind")), None)
    before = Cursor.read(request.GET.get("before", ""))
    actor = actor_of(request)
    # An address with a filter or a cursor can be typed too: it goes on only where a look is on record.
    if (kind is None and before is None) or not looks.is_looking(person, actor=actor):
        looks.look(person, actor=actor)
    shown = timeline(person.pk, kind=kind, before=before)
    return page(
        request,
        "support/desk/customer.html",
        title=person.full_name,
        customer=person,
        overview=known.overview(person),
        restrictions=known.live_restrictions(person),
        cases=known.open_cases_of(person),
        cool_off=cool_off(person.pk),
        days=by_day(shown.rows),
        after=shown.after,
        before=before,
        kind=kind or "",
        kinds=KIND_LABELS.items(),
        note_form=NoteForm(),
    )


@desk_page("suspend_customer")
def suspend(request: HttpRequest, public_id: object) -> HttpResponse:
    """Form, then what will happen, then done."""
    person = customer_or_404(public_id)
    if request.method != "POST":
        wanted = request.GET.get("scope", "")
        initial = {"scope": wanted} if wanted in Suspension.Scope.values else {}
        return _ask(request, person, SuspendForm(initial=initial), title=_("Stop something"))
    form = SuspendForm(request.POST)
    if not form.is_valid() or request.POST.get("do") == "change":
        return _ask(request, person, form, title=_("Stop something"))
    if request.POST.get("do") != "confirm":
        return _confirm(
            request,
            person,
            form,
            title=_("Stop: %(what)s") % {"what": Suspension.Scope(form.cleaned_data["scope"]).label},
            sentences=what_stops(form.cleaned_data["scope"], known.overview(person)),
        )
    suspensions.suspend_customer(person, actor=actor_of(request), **form.cleaned_data)
    messages.success(request, _("Stopped. It holds from the next request on; the customer is told."))
    return redirect("admin:customer", person.public_id)


@desk_page("ask_for_approval")
def lift(request: HttpRequest, public_id: object) -> HttpResponse:
    """Ask for the lifting of one suspension."""
    found = get_object_or_404(Suspension.objects.select_related("user"), public_id=public_id, lifted_at=None)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        suspensions.ask_to_lift(found, reason=form.cleaned_data["reason"], actor=actor_of(request))
        messages.success(request, _("Asked for. It waits for another member of staff to approve."))
        return redirect("admin:customer", found.user.public_id)
    sentences = [
        _("Nothing changes yet: another member of staff has to approve within 24 hours."),
        _("Then “%(what)s” works again, as far as no other stop holds, and the customer is told.")
        % {"what": found.get_scope_display()},
    ]
    return _ask(
        request, found.user, form, title=_("Ask to lift"), sentences=sentences, button=_("Ask to lift")
    )


@desk_page("suspend_customer")
def end_sessions(request: HttpRequest, public_id: object) -> HttpResponse:
    """Sign the customer out everywhere."""
    person = customer_or_404(public_id)
    if one := _id(request.GET.get("one")):
        return _end_one(request, person, one)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        sessions.end_sessions(person, reason=form.cleaned_data["reason"], actor=actor_of(request))
        messages.success(request, _("Signed out everywhere. The customer is told."))
        return redirect("admin:customer", person.public_id)
    sentences = [
        _("Every browser and every app of the customer is signed out, from the next request on."),
        _("The customer can sign in again with password and second factor. Nothing else is stopped."),
        _("The customer is told at every address."),
    ]
    return _ask(
        request,
        person,
        form,
        title=_("Sign out everywhere"),
        sentences=sentences,
        button=_("Sign out everywhere"),
    )


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _end_one(request: HttpRequest, person: User, public_id: UUID) -> HttpResponse:
    device = sessions.device_of(person, public_id)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        sessions.end_one(person, public_id, reason=form.cleaned_data["reason"], actor=actor_of(request))
        messages.success(request, _("Signed out there. The customer is told."))
        return redirect("admin:customer", person.public_id)
    sentences = [
        _("“%(device)s” is signed out, from its next request on. Nothing else changes.")
        % {"device": device or "–"},
        _("The customer is told at every address."),
    ]
    title = _("Sign out one device")
    return _ask(request, person, form, title=title, sentences=sentences, button=title)


@desk_page("send_letter")
def letter(request: HttpRequest, public_id: object) -> HttpResponse:
    """Write an apology, see it as the customer will, send it."""
    person = customer_or_404(public_id)
    title = _("Letter of apology")
    if request.method != "POST":
        languages = dict(settings.LANGUAGES)
        wanted = request.GET.get("language", person.language)
        form = ApologyForm.prepared(wanted if wanted in languages else person.language)
        return _ask(request, person, form, title=title, button=_("Preview"), languages=languages)
    form = ApologyForm(request.POST)
    if not form.is_valid() or request.POST.get("do") == "change":
        return _ask(request, person, form, title=title, button=_("Preview"))
    if request.POST.get("do") != "confirm":
        message = letters.render_apology(person, form.apology())
        return _confirm(
            request,
            person,
            form,
            title=title,
            sentences=[_("This letter goes to the customer's current address, once, within a few seconds.")],
            button=_("Send the letter"),
            kind="primary",
            message=message,
        )
    letters.send_apology(
        person,
        form.apology(),
        letter_id=form.cleaned_data["letter_id"],
        reason=form.cleaned_data["reason"],
        actor=actor_of(request),
    )
    messages.success(request, _("The letter is on its way."))
    return redirect("admin:customer", person.public_id)


@require_POST
@desk_page("work_cases")
def note(request: HttpRequest, public_id: object) -> HttpResponse:
    """Write a note."""
    person = customer_or_404(public_id)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _ask(request, person, form, title=_("Note"), button=_("Keep the note"))
    cases.add_note(person, text=form.cleaned_data["text"], actor=actor_of(request))
    messages.success(request, _("The note is kept."))
    return redirect("admin:customer", person.public_id)


@desk_page("work_cases")
def open_case(request: HttpRequest, public_id: object) -> HttpResponse:
    """Open a case about the customer."""
    person = customer_or_404(public_id)
    form = CaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = cases.open_case(person, actor=actor_of(request), **form.cleaned_data)
        messages.success(request, _("The case is open and yours."))
        return redirect("admin:case", made.public_id)
    return _ask(request, person, form, title=_("Open a case"), button=_("Open the case"))


@desk_page("reveal")
def reveal(request: HttpRequest, public_id: object) -> HttpResponse:
    """Show one masked value, once, for a reason."""
    person = customer_or_404(public_id)
    form = RevealForm(request.POST or None, initial={"field": request.GET.get("field", "email")})
    if request.method == "POST" and form.is_valid():
        value = looks.reveal(person, actor=actor_of(request), **form.cleaned_data)
        return page(
            request,
            "support/desk/revealed.html",
            title=person.full_name,
            customer=person,
            value=value or _("none"),
            label=dict(form.fields["field"].choices)[form.cleaned_data["field"]],  # type: ignore[attr-defined]
        )
    sentences = [
        _("The value is shown once, on the next page. That you looked, and why, stays in the timeline."),
        _("The customer is told that somebody looked, not why."),
    ]
    return _ask(request, person, form, title=_("Show masked data"), sentences=sentences, button=_("Show"))


def _ask(request: HttpRequest, person: User, form: Form, *, title: str, **context: Any) -> HttpResponse:
    """The form of one thing that can be done; with errors it answers 422."""
    staff: Any = request.user
    context = {"button": _("Next"), "sentences": [], "staff_name": staff.full_name, **context}
    response = page(request, "support/desk/form.html", title=title, customer=person, form=form, **context)
    response.status_code = 422 if form.errors else 200
    return response


def _confirm(request: HttpRequest, person: User, form: Form, *, title: str, **context: Any) -> HttpResponse:
    """What will happen, before it does. The form travels along hidden and is checked again."""
    context = {"button": _("Stop it now"), "kind": "danger", **context}
    return page(request, "support/desk/confirm.html", title=title, customer=person, form=form, **context)
