"""Programs that measure, draw or exercise the product, and are not tests."""
