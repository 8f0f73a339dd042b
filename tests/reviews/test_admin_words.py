"""The admin in Portuguese: no English is left, except what users wrote."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.credentials import jwt
from accounts.credentials.api_token import issue_token
from audit.choices import AuditAction, Source
from realtime.registry import CHANNELS
from reviews import services
from reviews.choices import (
    Action,
    EffectKind,
    EffectState,
    PatchStrategy,
    RiskLevel,
    Severity,
    Status,
    WargameVerdict,
)
from reviews.decision_kinds import DecisionKind
from reviews.models import APV, Gate
from tests.support.site import apv

pytestmark = pytest.mark.django_db

CHOICES = (
    *(Action, AuditAction, Source, PatchStrategy, RiskLevel, Severity, Status, DecisionKind),
    *(EffectKind, EffectState),
)
SILENT = {"script", "style", "pre", "textarea", "code"}
DATA = re.compile(r"\bfield-(object|message|cve_\w+|package_\w+|justification|details|facts)\b")
SAME = {
    *("", "apv", "apvs", "cve", "cwes", "epss", "mac", "id", "token", "rest", "console", "socket"),
    *("pull request", "pull requests"),
}
"""Words that are no others in Portuguese."""
TELLING = {"title", "aria-label", "placeholder"}
ENGLISH = re.compile(
    r"\b(the|of|and|to|is|by|with|for|from|select|add|added|change|changed|delete|view|home|save"
    r"|enter|left|who|what|until|all|any|none|new|failed|sign|token of|can)\b",
    re.IGNORECASE,
)


class Texts(HTMLParser):
    """The texts of a page that the product wrote, without those of users or machines."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [given[name] or "" for name in TELLING & given.keys()]
        if tag == "input" and given.get("type") == "submit":
            self.found.append(given.get("value") or "")
        if tag not in {"input", "img", "br", "hr", "link", "meta", "path", "use", "col"}:
            hidden = tag in SILENT or bool(DATA.search(given.get("class") or ""))
            hidden = hidden and "label" not in (given.get("class") or "")
            self.open.append((tag, hidden))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(hidden for _, hidden in self.open):
            self.found.append(" ".join(data.split()))


def own_words() -> set[str]:
    """Return the product's English names."""
    texts: list[Any] = [label for kind in (*CHOICES, WargameVerdict) for label in kind.labels]
    for model in admin.site._registry:
        texts += [model._meta.verbose_name, model._meta.verbose_name_plural]
        texts += [apps.get_app_config(model._meta.app_label).verbose_name]
        texts += [text for one in model._meta.fields for text in (one.verbose_name, one.help_text)]
    with translation.override("en"):
        return {str(text).lower() for text in texts} - SAME - CHANNELS.keys()


def pages(client: Client) -> Iterator[str]:
    """Return the address of each page of the admin, with contents."""
    user = get_user_model().objects.get()
    reviewed, pending = APV.objects.create(**apv()), APV.objects.create(**apv())
    decision = services.decide(
        apv_id=reviewed.pk, decision="reject", justification="Olhei com cuidado.", reviewer=user
    )
    undone = services.decide(
        apv_id=APV.objects.create(**apv()).pk,
        decision="approve",
        justification="Olhei com cuidado.",
        reviewer=user,
    )
    services.retract(decision_id=undone.pk, by=user, reason="Errei.")
    Gate.objects.create(apv=reviewed, state="pending", description="Waits", problem="404")
    token, _ = issue_token(user, days=1)
    jwt.sign_in(user)
    client.post("/hitl/token", {"username": "ninguem", "password": "x"}, "application/json")
    yield from ("/admin/", "/admin/password_change/", "/admin/login/")
    yield reverse("admin:auth_user_password_change", args=[user.pk])
    yield from (f"/admin/{app}/" for app in ("auth", "axes", "knox", "realtime", "reviews"))
    yield from (
        reverse(f"admin:reviews_apv_{page}", args=[pending.pk])
        for page in ("decide", "change", "history")
    )
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        if model in (APV, Group, type(token), type(user)):
            yield reverse(f"{name}_add")
        for row in model._default_manager.exclude(pk=pending.pk)[:1]:
            yield reverse(f"{name}_change", args=[row.pk])
    for made in (decision, undone):
        yield reverse("admin:reviews_decision_change", args=[made.pk])
    yield reverse("admin:knox_authtoken_delete", args=[token.pk])


def test_admin_in_portuguese_has_no_english_left() -> None:
    user = get_user_model().objects.create_superuser("raiz", "raiz@example.com", "x")
    client = Client(headers={"Accept-Language": "pt-BR"})
    client.force_login(user)
    words = own_words()
    assert len(words) > 100
    left: dict[str, set[str]] = {}
    for path in pages(client):
        texts = Texts()
        with translation.override("en"):  # the page's own language ends with it
            answer = client.get(path, follow=True)
        assert answer.status_code == 200, path
        texts.feed(answer.content.decode())
        for text in texts.found:
            plain = re.sub(r"^Por |[:.›]", "", text).strip().lower()
            if plain in words or ENGLISH.search(text):
                left.setdefault(path, set()).add(text)
    assert left == {}
