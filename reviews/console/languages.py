"""The languages in which code is coloured, by file name."""

PATTERNS: dict[str, str] = {
    "bash": "*.sh *.bash *.zsh *.ksh .bashrc .bash_profile .profile .zshrc APKBUILD PKGBUILD",
    "batch": "*.bat *.cmd",
    "c": "*.c *.h",
    "clojure": "*.clj *.cljc *.cljs *.edn",
    "cmake": "*.cmake CMakeLists.txt",
    "cpp": "*.cc *.cpp *.cxx *.hh *.hpp *.hxx *.ino",
    "csharp": "*.cs",
    "css": "*.css",
    "dart": "*.dart",
    "docker": "*.dockerfile Dockerfile Dockerfile.* Containerfile",
    "elixir": "*.ex *.exs mix.lock",
    "erlang": "*.erl *.hrl",
    "fsharp": "*.fs *.fsi *.fsx",
    "go": "*.go",
    "graphql": "*.graphql *.gql",
    "groovy": "*.groovy *.gradle Jenkinsfile",
    "haskell": "*.hs",
    "html": "*.html *.htm *.xhtml",
    "ini": "*.ini *.cfg *.conf *.properties *.service *.socket *.timer *.desktop .editorconfig"
    " .gitconfig .npmrc setup.cfg",
    "java": "*.java",
    "javascript": "*.js *.cjs *.mjs *.jsx",
    "json": "*.json *.json5 *.jsonc *.webmanifest *.lock.json composer.lock Pipfile.lock",
    "julia": "*.jl",
    "kotlin": "*.kt *.kts",
    "less": "*.less",
    "lua": "*.lua",
    "make": "*.mk *.mak Makefile GNUmakefile makefile",
    "markdown": "*.md *.markdown",
    "nginx": "nginx.conf",
    "nix": "*.nix",
    "objective-c": "*.m *.mm",
    "ocaml": "*.ml *.mli",
    "perl": "*.pl *.pm",
    "php": "*.php *.phtml",
    "powershell": "*.ps1 *.psd1 *.psm1",
    "protobuf": "*.proto",
    "python": "*.py *.pyi *.pyw *.bzl BUILD BUILD.bazel WORKSPACE SConstruct",
    "r": "*.R *.r *.S",
    "rst": "*.rst",
    "ruby": "*.rb *.rake *.gemspec Gemfile Rakefile Podfile Vagrantfile",
    "rust": "*.rs",
    "scala": "*.scala *.sbt",
    "scss": "*.scss",
    "solidity": "*.sol",
    "sql": "*.sql",
    "swift": "*.swift",
    "terraform": "*.tf *.tfvars *.hcl",
    "toml": "*.toml Cargo.lock poetry.lock uv.lock Pipfile",
    "typescript": "*.ts *.cts *.mts *.tsx",
    "vb.net": "*.vb",
    "xml": "*.xml *.xsd *.xsl *.xslt *.svg *.csproj *.props *.targets *.nuspec *.plist *.wsdl",
    "yaml": "*.yaml *.yml",
    "zig": "*.zig",
}
"""For each language, by its name in Pygments, how its files are called."""

_BY_PATTERN = {pattern: name for name, patterns in PATTERNS.items() for pattern in patterns.split()}


def language_of(path: str) -> str | None:
    """Return Pygments' name of the language of a file, or None if it is unknown."""
    name = path.rpartition("/")[2]
    stem, _dot, _suffix = name.partition(".")
    endings = [f"*.{rest}" for rest in _suffixes(name)]
    for pattern in (name, *endings, f"{stem}.*"):
        if pattern in _BY_PATTERN:
            return _BY_PATTERN[pattern]
    return None


def _suffixes(name: str) -> list[str]:
    """Return the last two suffixes of a name, the longer one first."""
    parts = name.rsplit(".", 2)[1:]
    return [".".join(parts[at:]) for at in range(len(parts))]
