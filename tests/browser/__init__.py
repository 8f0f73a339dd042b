"""The pages and the browser module in a real headless Chromium, against real servers."""
