"""Users, groups, and what they may do."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import delegation
from realtime.admin_base import BoundedSearch

RIGHTS: dict[str, Any] = {
    "add": pgettext_lazy("permission", "add"),
    "change": pgettext_lazy("permission", "change"),
    "delete": pgettext_lazy("permission", "delete"),
    "view": pgettext_lazy("permission", "view"),
}
"""What a permission lets do, by its codename or the word that its codename begins with.

Apps with permissions of their own add them.
"""


class PasswordForm(AdminPasswordChangeForm):
    """Set or remove a user's password. Django's own texts for this stay in English."""

    usable_password_help_text: Any = format_lazy(
        '{}<ul id="id_unusable_warning" class="messagelist"><li class="warning">{}</li></ul>',
        _("Whether this user can sign in with a password; tokens are good all the same."),
        _("If disabled, the current password is lost."),
    )


class PermissionsField(forms.ModelMultipleChoiceField):
    """Permissions to tick, in the reader's language. Their names in the database are English."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, permission: Permission) -> str:
        model = permission.content_type.model_class()
        code = permission.codename
        right = RIGHTS.get(code) or RIGHTS.get(code.split("_")[0], permission.name)
        return f"{capfirst(model._meta.verbose_name_plural)}: {right}" if model else permission.name


def permissions() -> QuerySet[Permission]:
    """Return the permissions on models that the admin shows. Others would have no effect there."""
    shown = ContentType.objects.get_for_models(*admin.site._registry).values()
    return Permission.objects.filter(content_type__in=shown).select_related("content_type")


class TickedFields(BoundedSearch):
    """Show groups and permissions as checkboxes, which also work with the keyboard."""

    filter_horizontal = ()

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest | None = None, **options: Any
    ) -> Any:
        options["widget"] = forms.CheckboxSelectMultiple
        user = getattr(request, "user", None)
        if db_field.remote_field.model is Permission:
            shown = permissions().filter(pk__in=delegation.grantable_permissions(user).values("pk"))
            options |= {"form_class": PermissionsField, "queryset": shown}
        elif db_field.remote_field.model is Group:
            options["queryset"] = delegation.grantable_groups(user)
        return db_field.formfield(**options)


admin.site.unregister([User, Group])


@admin.register(User)
class PersonAdmin(TickedFields, UserAdmin):
    """Users and their permissions. Users with more rights than the viewer are read-only."""

    readonly_fields = ["last_login", "date_joined"]
    change_password_form = PasswordForm

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        ours = super().get_readonly_fields(request, obj)
        return ours if request.user.is_superuser else [*ours, "is_superuser"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_change_permission(request, obj)
        return may and (obj is None or delegation.may_manage(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_delete_permission(request, obj)
        return may and (obj is None or delegation.may_manage(request.user, obj))


@admin.register(Group)
class RoleAdmin(TickedFields, GroupAdmin):
    """Groups and their permissions. Groups with more rights than the viewer are read-only."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _may_grant(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_grant(request, obj)


def _may_grant(request: HttpRequest, group: Group | None) -> bool:
    return group is None or delegation.grantable_groups(request.user).filter(pk=group.pk).exists()
