"""Patches to show: short ones, and ones of any length."""

TWO_FILES = """diff --git a/app.py b/app.py
index 1..2 100644
--- a/app.py
+++ b/app.py
@@ -3,4 +3,4 @@ class App:
 value = 1
-old()
---- no header, but a removed line
+new()
+++ no header either
 last = 2
--- a/gone.txt
+++ /dev/null
@@ -1 +0,0 @@
-gone
"""


def many_lines(count: int) -> str:
    return (
        f"--- a/x.py\n+++ b/x.py\n@@ -1,{count} +1,{count} @@\n"
        + "-a = 1\n" * count
        + "+b\n" * count
    )


def many_files(count: int) -> str:
    names = (f"f{number}.py" for number in range(count))
    return "".join(f"--- a/{name}\n+++ b/{name}\n@@ -1 +1 @@\n-a\n+b\n" for name in names)
