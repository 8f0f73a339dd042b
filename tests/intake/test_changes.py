"""Several files, both sides, and what is no change."""

from tests.support.pull_requests import diff_of, explained, said

PACKAGE = '   "dependencies": {\n-    "a": "{}1.0.0"\n+    "a": "{}1.0.1"\n   }'
LOCK = '     "node_modules/a": {\n-      "version": "1.0.0",\n+      "version": "1.0.1",'


def package_json(file: str, sign: str = "") -> str:
    return diff_of(file, PACKAGE.replace("{}", sign))


def test_a_lock_repeats_nothing_of_the_manifest_beside_it() -> None:
    [change] = explained(package_json("package.json") + diff_of("package-lock.json", LOCK)).changes
    assert (change.file, change.direct) == ("package.json", True)


def test_a_lock_says_which_version_a_range_has_become() -> None:
    changes = explained(
        package_json("package.json", "^") + diff_of("package-lock.json", LOCK)
    ).changes
    assert [(one.old, one.new, one.direct) for one in changes] == [
        ("^1.0.0", "^1.0.1", True),
        ("1.0.0", "1.0.1", True),
    ]


def test_each_folder_of_a_monorepo_has_its_changes() -> None:
    diff = package_json("a/package.json") + package_json("b/package.json")
    assert [one.file for one in explained(diff).changes] == ["a/package.json", "b/package.json"]


def test_go_sum_adds_nothing_beside_go_mod() -> None:
    diff = diff_of("go.mod", "-\ta.example/b v1.0.0\n+\ta.example/b v1.0.1") + diff_of(
        "go.sum", "-a.example/c v1.0.0 h1:a=\n+a.example/c v1.0.1 h1:b="
    )
    assert said(explained(diff)) == [("a.example/b", "Go", "1.0.0", "1.0.1")]


def test_indirect_modules_are_not_asked_for() -> None:
    diff = diff_of("go.mod", "-\ta.example/b v1.0.0 // indirect\n+\ta.example/b v1.0.1 // indirect")
    assert [one.direct for one in explained(diff).changes] == [False]


def test_what_only_moves_is_no_change() -> None:
    assert explained(diff_of("requirements.txt", "-a==1\n b==1\n+a==1")).changes == []


def test_two_versions_of_one_package_are_told_apart() -> None:
    diff = diff_of(
        "requirements.txt",
        """
        -a==1.0; python_version < "3.9"
        -a==2.0; python_version >= "3.9"
        +a==2.1; python_version >= "3.9"
        +a==1.1; python_version < "3.9"
        """,
    )
    assert said(explained(diff)) == [("a", "PyPI", "1.0", "1.1"), ("a", "PyPI", "2.0", "2.1")]


def test_new_and_deleted_files_add_and_remove() -> None:
    added = diff_of("requirements.txt", "+a==1").replace("--- a/requirements.txt", "--- /dev/null")
    assert said(explained(added)) == [("a", "PyPI", None, "1")]
    deleted = diff_of("requirements.txt", "-a==1").replace(
        "+++ b/requirements.txt", "+++ /dev/null"
    )
    assert said(explained(deleted)) == [("a", "PyPI", "1", None)]


def test_a_property_may_stand_in_another_file() -> None:
    diff = diff_of(
        "pom.xml", "-<lib.version>1.0</lib.version>\n+<lib.version>1.1</lib.version>"
    ) + (
        diff_of(
            "core/pom.xml",
            """
             <groupId>org.a</groupId>
             <artifactId>b</artifactId>
             <version>${lib.version}</version>
            -<!-- old -->
            +<!-- new -->
            """,
        )
    )
    assert said(explained(diff)) == [("org.a:b", "Maven", "1.0", "1.1")]


def test_diffs_of_svn_and_with_crlf_are_read_too() -> None:
    plain = "--- requirements.txt\t(revision 1)\n+++ requirements.txt\t(working copy)\n"
    assert said(explained(plain + "@@ -1 +1 @@\n-a==1\n+a==2\n")) == [("a", "PyPI", "1", "2")]
    windows = diff_of("requirements.txt", "-a==1\n+a==2").replace("\n", "\r\n")
    assert said(explained(windows)) == [("a", "PyPI", "1", "2")]


def test_copies_of_one_package_in_a_lock_are_told_once() -> None:
    diff = diff_of(
        "package-lock.json",
        """
        +    "node_modules/a/node_modules/b": {
        +      "version": "1.0.0",
        +    },
        +    "node_modules/c/node_modules/b": {
        +      "version": "1.0.0",
        +    },
        +    "node_modules/b": {
        +      "version": "1.0.0",
        +    },
        """,
    )
    assert said(explained(diff)) == [("b", "npm", None, "1.0.0")]


def test_a_line_that_two_packages_share_belongs_to_each() -> None:
    diff = diff_of(
        "Cargo.lock",
        """
         name = "a"
        +version = "0.9.0"
        +source = "registry+https://example.org"
        +
        +[[package]]
        +name = "b"
         version = "1.0.0"
         source = "registry+https://example.org"
        """,
    )
    assert said(explained(diff)) == [
        ("a", "crates.io", "1.0.0", "0.9.0"),
        ("b", "crates.io", None, "1.0.0"),
    ]


def test_a_package_that_comes_before_another_leaves_that_one_alone() -> None:
    diff = diff_of(
        "Cargo.lock",
        """
         source = "registry+https://example.org"

         [[package]]
        +name = "b"
        +version = "1.0.0"
        +source = "registry+https://example.org"
        +
        +[[package]]
         name = "c"
         version = "1.0.0"
        """,
    )
    assert said(explained(diff)) == [("b", "crates.io", None, "1.0.0")]
