"""Production refuses to start with anything weak, missing or meant for development."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from wallet_site import env

ROOT = Path(__file__).resolve().parents[2]
STRONG_KEY = "q8Zr2vN5xWk1Lb7Yt4Hs9Pm3Jd6Fg0Ac"
PATTERN_KEY = base64.urlsafe_b64encode(b"kakehashi kakehashi kakehashi ka").decode()


def production_environment(**changes: str) -> dict[str, str]:
    """Everything production asks for, strong; `changes` weaken it."""
    strong = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "wallet_site.settings",
        "SECRET_KEY": STRONG_KEY,
        "LOOKUP_KEY": "u7Kx4mB1zQe9Rw2Tn6Vy5Lp8Hs3Jd0Fg",
        "METRICS_TOKEN": "n3Gt8kV5bYx1Cq7Zr4Wm9Ps2Ld6Hf0Ja",
        "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "DATABASE_URL": "postgresql://application:x@db.example.com/wallet",
        "DATABASE_OWNER_URL": "postgresql://owner:x@db.example.com/wallet",
        "REDIS_URL": "redis://cache.example.com:6379/0",
        "PUBLIC_URL": "https://wallet.example.com",
        "PROCESSOR": "none",
        "EMAIL_URL": "smtp+tls://user:secret@mail.example.com:587",
    }
    return {name: value for name, value in (strong | changes).items() if value}


LOAD = "from django.conf import settings; print('started', settings.PRODUCTION)"
# Reads one environment a line, loads the settings in each, and answers with one line: what was refused.
LOAD_EACH = """
import json, os, runpy, sys
import django.conf, celery.schedules, csp.constants, cryptography.fernet, environ, wallet_site.logs

for line in sys.stdin:
    sys.stdout.flush()
    if os.fork() == 0:
        os.environ.clear()
        os.environ.update(json.loads(line))
        try:
            runpy.run_module("wallet_site.settings")
            print("started")
        except BaseException as error:
            print(type(error).__name__, " ".join(str(error).split()))
        sys.stdout.flush()
        os._exit(0)
    os.wait()
"""
WHAT_ANSWERS = """
import django
django.setup()
from django.core.management import get_commands
from django.urls import Resolver404, get_resolver, resolve
for path in ("/livez", "/demo/", "/demo/mail/", "/demo/components/"):
    try:
        print(path, resolve(path).url_name)
    except Resolver404:
        print(path, "is nothing")
print([str(one.pattern) for one in get_resolver().url_patterns if "demo" in str(one.pattern)])
print(sorted({"seed_demo", "demo_people", "demo_terminal"} & get_commands().keys()))
"""
WEAKENED = [
    ({"SECRET_KEY": ""}, "SECRET_KEY"),
    ({"SECRET_KEY": "short"}, "SECRET_KEY"),
    ({"SECRET_KEY": "django-insecure-" + "a1b2c3d4e5f6g7h8i9j0"}, "SECRET_KEY"),
    ({"LOOKUP_KEY": "a" * 64}, "LOOKUP_KEY"),
    ({"METRICS_TOKEN": ""}, "METRICS_TOKEN"),
    ({"FIELD_ENCRYPTION_KEYS": "not-a-fernet-key"}, "FIELD_ENCRYPTION_KEYS"),
    ({"FIELD_ENCRYPTION_KEYS": ","}, "FIELD_ENCRYPTION_KEYS"),
    ({"FIELD_ENCRYPTION_KEYS": PATTERN_KEY}, "FIELD_ENCRYPTION_KEYS"),
    ({"SECRET_KEY_FALLBACKS": "last-years-key"}, "SECRET_KEY_FALLBACKS"),
    ({"LOOKUP_KEY": STRONG_KEY}, "SECRET_KEY and in LOOKUP_KEY"),
    ({"SECRET_KEY_FALLBACKS": STRONG_KEY}, "SECRET_KEY twice"),
    ({"EXTRA_HOSTS": "*"}, "EXTRA_HOSTS"),
    ({"EXTRA_HOSTS": "wallet.example.com,.example.com"}, "EXTRA_HOSTS"),
    ({"DATABASE_URL": ""}, "DATABASE_URL"),
    ({"DATABASE_URL": "sqlite:///wallet.db"}, "DATABASE_URL"),
    ({"REDIS_URL": ""}, "REDIS_URL"),
    ({"PUBLIC_URL": ""}, "PUBLIC_URL"),
    ({"PUBLIC_URL": "http://wallet.example.com"}, "PUBLIC_URL"),
    ({"PUBLIC_URL": "https://localhost"}, "PUBLIC_URL"),
    ({"PROCESSOR": "sandbox"}, "PROCESSOR"),
    ({"PROCESSOR": "acme"}, "PROCESSOR"),
    ({"PROCESSOR": "stripe", "STRIPE_WEBHOOK_SECRET": "whsec_" + STRONG_KEY}, "STRIPE_API_KEY"),
    ({"PROCESSOR": "stripe", "STRIPE_API_KEY": "sk_live_" + STRONG_KEY}, "STRIPE_WEBHOOK_SECRET"),
    (
        {
            "PROCESSOR": "stripe",
            "STRIPE_API_KEY": "sk_test_" + STRONG_KEY,
            "STRIPE_WEBHOOK_SECRET": "whsec_" + STRONG_KEY,
        },
        "STRIPE_API_KEY is no live key",
    ),
    ({"EMAIL_URL": "consolemail://"}, "EMAIL_URL"),
    ({"SMS_GATEWAY_URL": "http://sms.example.com/send"}, "SMS_GATEWAY_URL"),
    ({"PUSH_GATEWAY_URL": "http://push.example.com/send"}, "PUSH_GATEWAY_URL"),
    ({"KAKEHASHI_MODE": "prodution"}, "KAKEHASHI_MODE"),
]


def run(code: str, *, said: str = "") -> subprocess.CompletedProcess[str]:
    """Python with the environment of a strong production."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env=production_environment(),
        cwd=ROOT,
        input=said,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def answers() -> list[str]:
    """What production says to nothing weak, and then to each weakened environment in turn. One start for all."""
    environments = [production_environment(), *(production_environment(**one) for one, _ in WEAKENED)]
    done = run(LOAD_EACH, said="".join(json.dumps(one) + "\n" for one in environments))
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_production_is_what_you_get_without_saying_anything(answers: list[str]) -> None:
    assert run(LOAD).stdout.strip() == "started True"
    assert answers[0] == "started"


@pytest.mark.parametrize("which", range(len(WEAKENED)), ids=lambda which: WEAKENED[which][1])
def test_production_refuses_a_weak_value_and_names_it(answers: list[str], which: int) -> None:
    named = WEAKENED[which][1]
    said = answers[1 + which]
    assert said.startswith("ImproperlyConfigured ")
    assert named in said


def test_production_has_no_demo() -> None:
    """No page, no mailbox, no people: their passwords and authenticator keys do not exist there."""
    done = run(WHAT_ANSWERS)

    assert done.returncode == 0, done.stderr
    nothing = [f"{path} is nothing" for path in ("/demo/", "/demo/mail/", "/demo/components/")]
    assert done.stdout.splitlines() == ["/livez None", *nothing, "[]", "[]"]


def test_a_database_on_a_socket_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_URL", "postgresql://role@%2Frun%2Fpg:5433/wallet")
    config = env.database("SOME_URL")
    assert (config["HOST"], str(config["PORT"]), config["NAME"]) == ("/run/pg", "5433", "wallet")


def test_a_required_value_says_where_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_SECRET", raising=False)
    with pytest.raises(ImproperlyConfigured, match=r"SOME_SECRET is not set.*README"):
        env.required("SOME_SECRET")
