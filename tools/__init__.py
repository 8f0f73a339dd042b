"""Programs that measure, draw or try the product, and are no tests."""
