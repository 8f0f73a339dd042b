"""The page that documents the API."""

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.urls import reverse
from drf_spectacular.views import SpectacularSwaggerView
from rest_framework.exceptions import NotAuthenticated


class Documentation(SpectacularSwaggerView):
    """Swagger UI. Users who are not signed in are redirected to sign in, as on every page."""

    def handle_exception(self, exc: Exception) -> Any:
        if isinstance(exc, NotAuthenticated):
            return redirect_to_login(self.request.get_full_path(), reverse("sign-in"))
        return super().handle_exception(exc)
