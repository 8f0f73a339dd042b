"""The admin of programs' credentials: list them, make tokens, revoke them."""

from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from knox.models import AuthToken
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts import delegation
from accounts.admin_words import reword
from accounts.credentials.api_token import MOST_TOKEN_DAYS, TOKEN_DAYS, issue_token
from accounts.models import AccountOwner, SignIn
from realtime import clock
from realtime.admin_base import BoundedSearch, DeleteOnlyAdmin

admin.site.unregister(AuthToken)  # knox's own page keeps a new token in a cookie for a while
admin.site.unregister([OutstandingToken, BlacklistedToken])  # a sign-in says more

reword(
    AuthToken,
    _("API token"),
    _("API tokens"),
    user=_("user"),
    created=_("created at"),
    expiry=_("expires at"),
)
AuthToken.__str__ = lambda token: f"{token.token_key}… {token.user}"  # not the whole digest
apps.get_app_config("knox").verbose_name = _("Programs")


class TokenForm(forms.ModelForm):
    """Choose the user a new token acts as, and how long it is valid."""

    days = forms.IntegerField(
        label=_("Days"), min_value=1, max_value=MOST_TOKEN_DAYS, initial=TOKEN_DAYS
    )
    issuer: Any = None

    class Meta:
        model = AuthToken
        fields = ["user"]

    def save(self, commit: bool = True) -> AuthToken:
        """Create the token. Its row carries `secret`, which is shown once."""
        given = self.cleaned_data
        row, secret = issue_token(given["user"], days=given["days"], by=self.issuer)
        row.secret = secret
        return row

    def save_m2m(self) -> None:
        """Do nothing: `save` has stored everything."""


@admin.register(AuthToken)
class TokenAdmin(BoundedSearch):
    """API tokens: created here, shown once, never changed, and revoked by deleting them."""

    form = TokenForm
    readonly_fields = ["beginning", "created", "expiry"]
    list_display = ["beginning", "user", "created", "expiry", "is_good"]
    list_filter = ["expiry"]
    list_select_related = ["user"]
    search_fields = ["token_key", "user__username"]
    search_help_text = _("The beginning of a token, or the name of its user")
    ordering = ["-created"]

    @admin.display(description=_("token"), ordering="token_key")
    def beginning(self, token: AuthToken) -> str:
        return f"{token.token_key}…"

    @admin.display(description=_("good"), boolean=True)
    def is_good(self, token: AuthToken) -> bool:
        return token.user.is_active and (token.expiry is None or token.expiry > clock.now())

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["user", "days"] if obj is None else ["beginning", "user", "created", "expiry"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Offer only users whom the actor may manage: a token acts as its user."""
        if db_field.name == "user":
            options["queryset"] = delegation.manageable_users(request.user)
        return super().formfield_for_foreignkey(db_field, request, **options)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any
    ) -> Any:
        """Tell the form who sees the token: they own its account from then on."""
        form = super().get_form(request, obj, change, **options)
        return type(form.__name__, (form,), {"issuer": request.user})

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: AuthToken, form: Any, change: bool) -> None:
        """Do nothing: the form has saved the token, and its secret is only in memory."""

    def response_add(
        self, request: HttpRequest, obj: AuthToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the token on the page that answers the form, so that nothing else stores it."""
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Copy this token now: it is not shown again"),
            "opts": self.opts,
            "token": obj,
        }
        return TemplateResponse(request, "admin/knox/authtoken/issued.html", context)


@admin.register(SignIn)
class SignInAdmin(DeleteOnlyAdmin):
    """Programs that signed in with a password. Deleting one ends the sign-in and all its tokens."""

    list_display = ["user", "created_at", "expires_at"]
    list_select_related = ["user"]
    search_fields = ["user__username"]
    ordering = ["-created_at"]
    fields = ["user", "created_at", "expires_at"]


@admin.register(AccountOwner)
class AccountOwnerAdmin(BoundedSearch):
    """Who answers for the accounts of programs. Policies count owners as who added an APV."""

    list_display = ["account", "owner", "since"]
    list_select_related = ["account", "owner"]
    search_fields = ["account__username", "owner__username"]
    autocomplete_fields = ["account", "owner"]
    fields = ["account", "owner"]
    ordering = ["account__username", "owner__username"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
