"""The addresses of static files."""

from django.conf import settings
from django.contrib.staticfiles.storage import StaticFilesStorage

from hitl_project.assets.contents import digest
from hitl_project.assets.modules import ENTRY, QUERY
from hitl_project.assets.sources import sources


class JoinedFilesStorage(StaticFilesStorage):
    """Addresses what pages load by its contents, so that browsers need not ask for it again.

    With DEBUG, they load all files as they were written.
    """

    def url(self, name: str | None) -> str:
        address = super().url(name)
        if settings.DEBUG or name is None or not is_joined(name):
            return address
        return f"{address}?{QUERY}={digest(name, joined=True)}"


def is_joined(name: str) -> bool:
    """Return whether pages load a file in its joined form, as they do with no script but ENTRY."""
    is_module = name.endswith(".js") and "/vendor/" not in name
    return name in sources() and (name == ENTRY or not is_module)
