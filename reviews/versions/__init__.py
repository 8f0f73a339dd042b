"""The orders of versions, each by its ecosystem's own rules.

This package does not depend on Django.
"""

from reviews.versions.ecosystems import Order, order_of, registry_of
from reviews.versions.errors import NotAVersion
from reviews.versions.steps import Step, step_of

__all__ = ["NotAVersion", "Order", "Step", "order_of", "registry_of", "step_of"]
