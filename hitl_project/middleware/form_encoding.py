"""Refuse forms that cannot be decoded, before a view reads them.

Django decodes a form when a view first reads it, with the codec that the client names. Some codecs
do not decode text, and the error would occur again in the error page.
"""

import codecs

from django.http import HttpRequest

FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
CODEC = "utf-8"


def is_readable(request: HttpRequest) -> bool:
    """Return whether a request's body is not a form or is one in UTF-8, and decode it as UTF-8."""
    if request.content_type not in FORMS or request.encoding is None:
        return True
    if codecs.lookup(request.encoding).name != CODEC:  # Django has looked it up, so it is known
        return False
    request.encoding = CODEC  # Django accepts no other spelling
    return True
