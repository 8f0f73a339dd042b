import gc

from django.apps import AppConfig


class HITLProjectConfig(AppConfig):
    name = "hitl_project"

    def ready(self) -> None:
        from hitl_project import checks  # noqa: F401 — registers them

        gc.freeze()  # what is loaded is never garbage, so no collection need visit it
        gc.enable()  # manage.py disabled it
