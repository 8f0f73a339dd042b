"""Patches that keep the dependency and change the code or configuration that uses it."""

import difflib
from typing import NamedTuple

from reviews.choices import PatchStrategy


class Workaround(NamedTuple):
    """A file of a demo service before and after; its path is the advisory's first affected file."""

    strategy: PatchStrategy
    description: str
    before: str
    after: str

    def diff(self, path: str) -> str:
        """Return the unified diff that turns the file at `path` from `before` into `after`."""
        hunks = difflib.unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            fromfile=f"a/{path}",
            tofile=f"b/{path}",
        )
        return f"diff --git a/{path} b/{path}\n" + "".join(hunks)


CODE, CONFIG = PatchStrategy.CODE_REWRITE, PatchStrategy.CONFIG_CHANGE

WORKAROUNDS: dict[str, Workaround] = {
    "CVE-2020-14343": Workaround(
        CODE,
        "Reads the configuration with the safe loader, which builds plain data only.",
        """\
from pathlib import Path
from typing import Any

import yaml


def load(path: Path) -> dict[str, Any]:
    with path.open() as stream:
        return yaml.load(stream, Loader=yaml.FullLoader)
""",
        """\
from pathlib import Path
from typing import Any

import yaml


def load(path: Path) -> dict[str, Any]:
    with path.open() as stream:
        return yaml.safe_load(stream)
""",
    ),
    "CVE-2022-28346": Workaround(
        CODE,
        "Lets a request choose among annotations by name instead of naming them itself.",
        """\
from django.db.models import Count, Sum
from django.shortcuts import render

from orders.models import Order

TOTALS = {"count": Count("lines"), "sum": Sum("lines__price")}


def report(request):
    columns = {name: TOTALS[kind] for name, kind in request.GET.items()}
    orders = Order.objects.annotate(**columns)
    return render(request, "orders/report.html", {"orders": orders})
""",
        """\
from django.db.models import Count, Sum
from django.shortcuts import render

from orders.models import Order

TOTALS = {"count": Count("lines"), "sum": Sum("lines__price")}


def report(request):
    wanted = set(request.GET.values())
    columns = {f"total_{kind}": total for kind, total in TOTALS.items() if kind in wanted}
    orders = Order.objects.annotate(**columns)
    return render(request, "orders/report.html", {"orders": orders})
""",
    ),
    "CVE-2024-23334": Workaround(
        CODE,
        "Serves static files without following symbolic links.",
        """\
from aiohttp import web

from server import handlers


def routes() -> list[web.AbstractRouteDef]:
    return [
        web.get("/", handlers.home),
        web.post("/jobs", handlers.add_job),
        web.static("/static", "static/", follow_symlinks=True),
    ]
""",
        """\
from aiohttp import web

from server import handlers


def routes() -> list[web.AbstractRouteDef]:
    return [
        web.get("/", handlers.home),
        web.post("/jobs", handlers.add_job),
        web.static("/static", "static/", follow_symlinks=False),
    ]
""",
    ),
    "CVE-2023-50447": Workaround(
        CODE,
        "Passes only the two images to the expression, no names from the request.",
        """\
from PIL import Image, ImageMath


def add(first: Image.Image, second: Image.Image, options: dict[str, object]) -> Image.Image:
    environment = {"a": first, "b": second, **options}
    return ImageMath.eval("convert(a + b, 'L')", environment)
""",
        """\
from PIL import Image, ImageMath


def add(first: Image.Image, second: Image.Image) -> Image.Image:
    return ImageMath.eval("convert(a + b, 'L')", {"a": first, "b": second})
""",
    ),
    "CVE-2021-23337": Workaround(
        CODE,
        "Names the template's variable in the code; the request no longer chooses it.",
        """\
const _ = require('lodash');

function renderMail(req, body) {
  const template = _.template(body, { variable: req.body.name });
  return template(req.body.values);
}

module.exports = { renderMail };
""",
        """\
const _ = require('lodash');

function renderMail(req, body) {
  const template = _.template(body, { variable: 'values' });
  return template(req.body.values);
}

module.exports = { renderMail };
""",
    ),
    "CVE-2023-45857": Workaround(
        CODE,
        "Sends the XSRF token to our own origin only.",
        """\
import axios from 'axios';

export function fetchPartner(externalUrl) {
  return axios.get(externalUrl, { withCredentials: true });
}
""",
        """\
import axios from 'axios';

export function fetchPartner(externalUrl) {
  return axios.get(externalUrl, { withCredentials: false, xsrfCookieName: '' });
}
""",
    ),
    "CVE-2022-23540": Workaround(
        CODE,
        "Verifies tokens with a key and names the one algorithm that is accepted.",
        """\
const jwt = require('jsonwebtoken');

function verify(token, key) {
  return jwt.verify(token, key);
}

module.exports = { verify };
""",
        """\
const jwt = require('jsonwebtoken');

const ALGORITHMS = ['RS256'];

function verify(token, key) {
  if (!key) throw new Error('a key is needed to verify a token');
  return jwt.verify(token, key, { algorithms: ALGORITHMS });
}

module.exports = { verify };
""",
    ),
    "CVE-2022-42889": Workaround(
        CODE,
        "Substitutes from a map only, without script, DNS and URL lookups.",
        """\
package com.example.billing;

import java.util.Map;
import org.apache.commons.text.StringSubstitutor;

class TemplateService {
    String fill(String input, Map<String, String> values) {
        String filled = StringSubstitutor.replace(input, values);
        return StringSubstitutor.createInterpolator().replace(filled);
    }
}
""",
        """\
package com.example.billing;

import java.util.Map;
import org.apache.commons.text.StringSubstitutor;

class TemplateService {
    String fill(String input, Map<String, String> values) {
        return StringSubstitutor.replace(input, values);
    }
}
""",
    ),
    "CVE-2022-1471": Workaround(
        CODE,
        "Reads settings as plain maps with SafeConstructor.",
        """\
package com.example.billing;

import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.Constructor;

class SettingsReader {
    Settings read(String text) {
        return new Yaml(new Constructor(Settings.class)).load(text);
    }
}
""",
        """\
package com.example.billing;

import java.util.Map;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

class SettingsReader {
    Settings read(String text) {
        Map<String, Object> values = new Yaml(new SafeConstructor()).load(text);
        return Settings.of(values);
    }
}
""",
    ),
    "CVE-2022-32149": Workaround(
        CODE,
        "Refuses Accept-Language headers longer than any browser sends.",
        """\
package web

import (
	"net/http"

	"golang.org/x/text/language"
)

func locale(r *http.Request) language.Tag {
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(tags) == 0 {
		return language.English
	}
	return tags[0]
}
""",
        """\
package web

import (
	"net/http"

	"golang.org/x/text/language"
)

const maxHeader = 200

func locale(r *http.Request) language.Tag {
	header := r.Header.Get("Accept-Language")
	if len(header) > maxHeader {
		return language.English
	}
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil || len(tags) == 0 {
		return language.English
	}
	return tags[0]
}
""",
    ),
    "CVE-2019-5418": Workaround(
        CODE,
        "Renders the help page as HTML whatever the Accept header asks for.",
        """\
class PagesController < ApplicationController
  def help
    render file: "#{Rails.root}/public/help"
  end
end
""",
        """\
class PagesController < ApplicationController
  def help
    render file: "#{Rails.root}/public/help.html", formats: [:html], layout: false
  end
end
""",
    ),
    "CVE-2024-1135": Workaround(
        CONFIG,
        "Ends the connection after each request, so that no smuggled one can follow.",
        """\
bind = "0.0.0.0:8000"
workers = 4
worker_class = "gthread"
keepalive = 5
""",
        """\
bind = "0.0.0.0:8000"
workers = 4
worker_class = "sync"
keepalive = 0
""",
    ),
    "CVE-2017-9841": Workaround(
        CONFIG,
        "Answers 404 for everything below vendor/, so that eval-stdin.php cannot be reached.",
        """\
server {
    listen 80;
    server_name portal.example.com;
    root /srv/portal;

    location ~ \\.php$ {
        fastcgi_pass portal:9000;
        include fastcgi_params;
    }
}
""",
        """\
server {
    listen 80;
    server_name portal.example.com;
    root /srv/portal;

    location ^~ /vendor/ {
        return 404;
    }

    location ~ \\.php$ {
        fastcgi_pass portal:9000;
        include fastcgi_params;
    }
}
""",
    ),
    "CVE-2017-5638": Workaround(
        CONFIG,
        "Takes the Jakarta parser out of service for multipart requests.",
        """\
<struts>
    <constant name="struts.devMode" value="false"/>
    <package name="billing" extends="struts-default">
        <action name="upload" class="com.example.UploadAction">
            <result>/upload.jsp</result>
        </action>
    </package>
</struts>
""",
        """\
<struts>
    <constant name="struts.devMode" value="false"/>
    <constant name="struts.multipart.parser" value="pell"/>
    <package name="billing" extends="struts-default">
        <action name="upload" class="com.example.UploadAction">
            <result>/upload.jsp</result>
        </action>
    </package>
</struts>
""",
    ),
}
"""CVE id → the workaround a demo pipeline may propose instead of the version bump."""
