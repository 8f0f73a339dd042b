"""Send many webhooks, and measure how they are taken in."""
