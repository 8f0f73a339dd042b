"""Forms that cannot be read are refused before anything reads them.

Django reads a form where it is first asked for, by the codec that its sender names. Some codecs
are not of text, and what fails there fails again in the page that would say so.
"""

import codecs

from django.http import HttpRequest

FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
CODEC = "utf-8"


def is_readable(request: HttpRequest) -> bool:
    """Whether a request's body is no form, or one in UTF-8, which it is then read in."""
    if request.content_type not in FORMS or request.encoding is None:
        return True
    if codecs.lookup(request.encoding).name != CODEC:  # Django has looked it up: it is known
        return False
    request.encoding = CODEC  # Django knows no other spelling of it
    return True
