"""The WSGI application: the API, the hosted pages, their stylesheet, a health check."""

import threading
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from importlib import resources
from typing import Any

from . import charges, disputes, setups
from .api import Api
from .config import Options
from .errors import LostRequestError
from .messages import LARGEST_BODY, Response, TooLargeError, header_list, json_response, read_request
from .pages import HostedPages
from .store import Store, Transaction

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


def run_due_jobs(tx: Transaction, options: Options) -> None:
    """Let everything happen whose time has come: expiries and disputes."""
    for object_id, kind in tx.due_jobs():
        if kind == "dispute":
            disputes.open_dispute(tx, object_id, options)
            continue
        if kind in ("dispute_due", "dispute_decided"):
            disputes.decide_in_time(tx, object_id, "lost" if kind == "dispute_due" else "won")
            continue
        setup, intent = tx.get(setups.KIND, object_id), tx.get(charges.KIND, object_id)
        if setup is not None and setup.body["status"] != "succeeded":
            setups.cancel_setup(tx, setup, "abandoned")
        if intent is not None and intent.body["status"] != "succeeded":
            charges.cancel_payment(tx, intent, "abandoned")


class Application:
    """The sandbox as a WSGI callable. Safe to share between threads."""

    def __init__(self, store: Store, options: Options) -> None:
        self._options = options
        run_jobs = partial(run_due_jobs, options=options)
        self._api = Api(store, options, run_jobs)
        self._pages = HostedPages(store, options, run_jobs)
        self._stylesheet = resources.files(__package__).joinpath("assets/sandbox.css").read_bytes()
        self.stopping = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        response = self._respond(environ)
        if response.hold:
            self.stopping.wait(self._options.hold_seconds)
        status = HTTPStatus(response.status)
        start_response(f"{status.value} {status.phrase}", list(header_list(response)))
        return [response.body]

    def _respond(self, environ: dict[str, Any]) -> Response:
        try:
            request = read_request(environ)
        except TooLargeError:
            return json_response(
                413, {"error": {"code": "too_large", "message": f"At most {LARGEST_BODY} bytes."}}
            )
        if request.path == "/healthz":
            return json_response(200, {"status": "ok"})
        if request.path == "/assets/sandbox.css":
            return Response(200, self._stylesheet, "text/css; charset=utf-8")
        if request.path.startswith("/v1/"):
            try:
                return self._api.answer(request)
            except LostRequestError:
                return json_response(504, {"error": {"type": "api_error", "code": "lost"}}, hold=True)
        return self._pages.answer(request)
