from django.apps import AppConfig


class HITLProjectConfig(AppConfig):
    name = "hitl_project"

    def ready(self) -> None:
        from hitl_project import checks  # noqa: F401 — registers them
