"""What a diff changes is read from every kind of manifest and lock file."""

import pytest

from tests.support.pull_requests import Said, diff_of, explained, said

Case = tuple[str, str, list[Said]]

NPM: list[Case] = [
    (
        "package.json",
        """
           "dependencies": {
             "express": "^4.18.0",
        -    "@scope/kit": "^4.17.20",
        +    "@scope/kit": "^4.17.21",
             "react": "18.2.0"
        """,
        [("@scope/kit", "npm", "^4.17.20", "^4.17.21")],
    ),
    (  # cut off above: neither the name of the project nor an engine is a package
        "web/package.json",
        """
        -  "version": "1.2.3",
        +  "version": "1.2.4",
           "engines": {
        -    "node": ">=18"
        +    "node": ">=20"
           },
        """,
        [],
    ),
    (
        "package.json",
        """
         {
           "name": "shop",
        -  "version": "1.0.0",
        +  "version": "1.1.0",
           "devDependencies": {
        -    "old-lodash": "npm:lodash@4.17.20",
        -    "local": "workspace:^1.0.0",
        -    "forked": "git+https://example.org/a/forked.git#v1.0.0",
        +    "old-lodash": "npm:lodash@4.17.21",
        +    "local": "workspace:^1.1.0",
        +    "forked": "git+https://example.org/a/forked.git#v1.1.0",
             "z": "1.0.0"
        """,
        [("lodash", "npm", "4.17.20", "4.17.21"), ("forked", "npm", "1.0.0", "1.1.0")],
    ),
    (
        "package.json",
        """
        -{"name": "a", "version": "1.0.0", "dependencies": {"lodash": "4.17.20", "ms": "2.0.0"}}
        +{"name": "a", "version": "1.0.0", "dependencies": {"lodash": "4.17.21", "ms": "2.0.0"}}
        """,
        [("lodash", "npm", "4.17.20", "4.17.21")],
    ),
    (
        "package.json",
        """
           "overrides": {
             "parent": {
        -      "child": "1.0.0"
        +      "child": "1.0.1"
             }
           },
        -  "packageManager": "pnpm@9.1.0+sha512.abc"
        +  "packageManager": "pnpm@9.2.0+sha512.def"
        """,
        [("child", "npm", "1.0.0", "1.0.1"), ("pnpm", "npm", "9.1.0", "9.2.0")],
    ),
    (
        "package-lock.json",
        """
             "node_modules/lodash": {
        -      "version": "4.17.20",
        -      "resolved": "https://registry.npmjs.org/lodash/-/lodash-4.17.20.tgz",
        +      "version": "4.17.21",
        +      "resolved": "https://registry.npmjs.org/lodash/-/lodash-4.17.21.tgz",
               "license": "MIT"
             },
             "node_modules/a/node_modules/@scope/b": {
        -      "version": "1.0.0",
        +      "version": "1.0.1",
               "license": "MIT"
        """,
        [("lodash", "npm", "4.17.20", "4.17.21"), ("@scope/b", "npm", "1.0.0", "1.0.1")],
    ),
    (  # the first form, and what is added and removed
        "npm-shrinkwrap.json",
        """
             "ms": {
        -      "version": "2.0.0",
        +      "version": "2.1.3",
               "dev": true,
               "requires": {
        -        "x": "^1.0.0"
        +        "x": "^2.0.0"
               }
             },
        -    "left-pad": {
        -      "version": "1.3.0"
        -    },
        +    "right-pad": {
        +      "version": "1.0.1"
        +    },
             "zz": {
        """,
        [
            ("ms", "npm", "2.0.0", "2.1.3"),
            ("left-pad", "npm", "1.3.0", None),
            ("right-pad", "npm", None, "1.0.1"),
        ],
    ),
    (
        "package-lock.json",
        """
        -      "version": "7.0.0",
        -      "resolved": "https://registry.npmjs.org/@babel/core/-/core-7.0.0.tgz",
        +      "version": "7.0.1",
        +      "resolved": "https://registry.npmjs.org/@babel/core/-/core-7.0.1.tgz",
               "license": "MIT"
             },
             "packages/own": {
        -      "version": "1.0.0"
        +      "version": "1.0.1"
             },
        """,
        [("@babel/core", "npm", "7.0.0", "7.0.1")],
    ),
    (
        "yarn.lock",
        """
        -"@babel/core@^7.0.0", "@babel/core@^7.1.0":
        -  version "7.1.0"
        -  resolved "https://registry.yarnpkg.com/@babel/core/-/core-7.1.0.tgz#abc"
        +"@babel/core@^7.0.0", "@babel/core@^7.1.0":
        +  version "7.2.0"
        +  resolved "https://registry.yarnpkg.com/@babel/core/-/core-7.2.0.tgz#def"
           dependencies:
             ms "^2.0.0"

         lodash@^4.17.20:
        -  version "4.17.20"
        +  version "4.17.21"
           resolved "https://example.org"
        """,
        [("@babel/core", "npm", "7.1.0", "7.2.0"), ("lodash", "npm", "4.17.20", "4.17.21")],
    ),
    (
        "yarn.lock",
        """
         "lodash@npm:^4.17.20":
        -  version: 4.17.20
        -  resolution: "lodash@npm:4.17.20"
        +  version: 4.17.21
        +  resolution: "lodash@npm:4.17.21"
           checksum: abc
           languageName: node

         "own@workspace:.":
        -  version: 1.0.0
        +  version: 1.0.1
           resolution: "own@workspace:."
        """,
        [("lodash", "npm", "4.17.20", "4.17.21")],
    ),
    (
        "pnpm-lock.yaml",
        """
               lodash:
                 specifier: ^4.17.20
        -        version: 4.17.20
        +        version: 4.17.21

         packages:

        -  '@scope/b@1.0.0':
        +  '@scope/b@1.0.1':
             resolution: {integrity: sha512-abc}

        -  lodash@4.17.20:
        +  lodash@4.17.21:
             resolution: {integrity: sha512-def}

        -  /react-dom@18.0.0(react@18.0.0):
        +  /react-dom@18.2.0(react@18.0.0):
             resolution: {integrity: sha512-def}
        """,
        [
            ("lodash", "npm", "4.17.20", "4.17.21"),
            ("@scope/b", "npm", "1.0.0", "1.0.1"),
            ("react-dom", "npm", "18.0.0", "18.2.0"),
        ],
    ),
]

PYTHON: list[Case] = [
    (
        "pylock.toml",
        """
         [[packages]]
         name = "attrs"
        -version = "21.2.0"
        +version = "21.4.0"
         requires-python = ">=3.5"
        """,
        [("attrs", "PyPI", "21.2.0", "21.4.0")],
    ),
    (
        "requirements.in",
        """
        -httpx [http2,socks] >= 0.23 , != 0.24.0
        -poetry (>=1.0,<2.0)
        -a===1.0
        -./local
        +httpx [http2,socks] >= 0.25 , != 0.24.0
        +poetry (>=1.1,<2.0)
        +a===1.1
        +./other
        """,
        [
            ("httpx", "PyPI", ">=0.23,!=0.24.0", ">=0.25,!=0.24.0"),
            ("poetry", "PyPI", ">=1.0,<2.0", ">=1.1,<2.0"),
            ("a", "PyPI", "1.0", "1.1"),
        ],
    ),
    (
        "pyproject.toml",
        """
         dependencies = [
        -    "requests (>=2.31,<3.0)",
        +    "requests (>=2.32,<3.0)",
         ]
        """,
        [("requests", "PyPI", ">=2.31,<3.0", ">=2.32,<3.0")],
    ),
    (
        "requirements/dev.txt",
        """
         # comment
        -Django[argon2] == 4.2.1 ; python_version > "3.8"  # pinned
        -requests>=2.0,<3
        -plain
        -tool @ git+https://example.org/a/tool@v1.0
        +Django[argon2] == 4.2.2 ; python_version > "3.8"  # pinned
        +requests>=2.1, <3
        +tool @ git+https://example.org/a/tool@v1.1
        +added~=1.0
         urllib3==1.0 \\
        -    --hash=sha256:aaaa
        +    --hash=sha256:bbbb
        """,
        [
            ("django", "PyPI", "4.2.1", "4.2.2"),
            ("requests", "PyPI", ">=2.0,<3", ">=2.1,<3"),
            ("plain", "PyPI", "*", None),
            ("tool", "PyPI", "1.0", "1.1"),
            ("added", "PyPI", None, "~=1.0"),
        ],
    ),
    (
        "constraints.txt",
        """
        -Sphinx.Autodoc_Typehints==2.0
        +Sphinx.Autodoc_Typehints==1.9
         -r other.txt
        """,
        [("sphinx-autodoc-typehints", "PyPI", "2.0", "1.9")],
    ),
    (
        "pyproject.toml",
        """
         [project]
        -version = "1.0.0"
        +version = "1.1.0"
         dependencies = [
        -    "jinja2>=2.10,<3",
        +    "jinja2>=2.10,<4",
             "bare",
         ]
         [project.optional-dependencies]
        -test = ["pytest==7.0", "hypothesis"]
        +test = ["pytest==7.1", "hypothesis"]
         [tool.ruff]
        -target-version = "py38"
        -select = ["E501"]
        +target-version = "py39"
        +select = ["E502"]
        """,
        [("jinja2", "PyPI", ">=2.10,<3", ">=2.10,<4"), ("pytest", "PyPI", "7.0", "7.1")],
    ),
    (
        "pyproject.toml",
        """
         [tool.poetry.dependencies]
        -python = "^3.8"
        -requests = "^2.28"
        -uvicorn = {version = "^0.20", extras = ["standard"]}
        -lib = {git = "https://example.org/lib.git", tag = "v1.0"}
        +python = "^3.9"
        +requests = "^2.31"
        +uvicorn = {version = "^0.21", extras = ["standard"]}
        +lib = {git = "https://example.org/lib.git", tag = "v1.1"}
         [tool.poetry.group.dev.dependencies]
        -black = "22.1.0"
        +black = "22.3.0"
        """,
        [
            ("requests", "PyPI", "^2.28", "^2.31"),
            ("uvicorn", "PyPI", "^0.20", "^0.21"),
            ("lib", "PyPI", "1.0", "1.1"),
            ("black", "PyPI", "22.1.0", "22.3.0"),
        ],
    ),
    (
        "pyproject.toml",
        """
             "pytest",
         ]
         [dependency-groups]
        -dev = ["ruff==0.3.0"]
        +dev = ["ruff==0.3.1"]
         [build-system]
        -requires = ["hatchling>=1.20"]
        +requires = ["hatchling>=1.21"]
        """,
        [("ruff", "PyPI", "0.3.0", "0.3.1"), ("hatchling", "PyPI", ">=1.20", ">=1.21")],
    ),
    (
        "setup.py",
        """
             install_requires=[
        -        "click>=7.1.1,<8.1.0",
        +        "click>=7.1.1,<8.2.0",
             ],
        -    python_requires=">=3.7",
        +    python_requires=">=3.8",
        """,
        [("click", "PyPI", ">=7.1.1,<8.1.0", ">=7.1.1,<8.2.0")],
    ),
    (
        "setup.cfg",
        """
         install_requires =
        -    requests>=2.0
        +    requests>=2.1
         python_requires = >=3.8
        """,
        [("requests", "PyPI", ">=2.0", ">=2.1")],
    ),
    (
        "Pipfile",
        """
         [packages]
        -requests = "==2.25.1"
        +requests = "==2.26.0"
         [requires]
        -python_version = "3.8"
        +python_version = "3.9"
        """,
        [("requests", "PyPI", "2.25.1", "2.26.0")],
    ),
    (
        "Pipfile.lock",
        """
                 "requests": {
                     "hashes": [
        -                "sha256:aaa"
        +                "sha256:bbb"
                     ],
                     "index": "pypi",
        -            "version": "==2.25.1"
        +            "version": "==2.26.0"
                 },
        """,
        [("requests", "PyPI", "2.25.1", "2.26.0")],
    ),
    (
        "uv.lock",
        """
         [[package]]
         name = "own"
        -version = "1.0.0"
        +version = "1.0.1"
         source = { editable = "." }

         [[package]]
         name = "ruff"
        -version = "0.3.0"
        +version = "0.3.1"
         source = { registry = "https://pypi.org/simple" }

        +[[package]]
        +name = "new"
        +version = "1.0"
        +source = { registry = "https://pypi.org/simple" }
        +
         [[package]]
         name = "zipp"
         version = "3.1"
        """,
        [("ruff", "PyPI", "0.3.0", "0.3.1"), ("new", "PyPI", None, "1.0")],
    ),
    (
        "pdm.lock",
        """
         [[package]]
         name = "attrs"
        -version = "21.2.0"
        +version = "21.4.0"
         requires_python = ">=3.5"
        """,
        [("attrs", "PyPI", "21.2.0", "21.4.0")],
    ),
]

OTHERS: list[Case] = [
    (
        "bun.lock",
        """
             "lodash": ["lodash@4.17.20", "", {}, "sha512-abc"],
        -    "@a/b": ["@a/b@1.0.0", "", {}, "sha512-abc"],
        +    "@a/b": ["@a/b@1.0.1", "", {}, "sha512-def"],
        """,
        [("@a/b", "npm", "1.0.0", "1.0.1")],
    ),
    (  # a release of the project itself
        "pom.xml",
        """
           <modelVersion>4.0.0</modelVersion>
           <groupId>org.own</groupId>
           <artifactId>own</artifactId>
        -  <version>1.0-SNAPSHOT</version>
        +  <version>1.1-SNAPSHOT</version>
        """,
        [],
    ),
    (
        "sub/go.mod",
        """
         require (
        -\tgithub.com/nats-io/nats-server/v2 v2.9.1
        -\tgolang.org/x/net v0.12.0 // indirect
        +\tgithub.com/nats-io/nats-server/v2 v2.9.23
        +\tgolang.org/x/net v0.17.0 // indirect
         )
        -require github.com/a/b v0.0.0-20200101000000-abcdefabcdef
        +require github.com/a/b v0.0.0-20210101000000-abcdefabcdee
        -exclude github.com/a/c v1.0.0
        +exclude github.com/a/c v1.1.0
        -replace github.com/a/d => github.com/fork/d v1.0.0
        +replace github.com/a/d => github.com/fork/d v1.0.1
        """,
        [
            ("github.com/nats-io/nats-server/v2", "Go", "2.9.1", "2.9.23"),
            (
                "github.com/a/b",
                "Go",
                "0.0.0-20200101000000-abcdefabcdef",
                "0.0.0-20210101000000-abcdefabcdee",
            ),
            ("github.com/fork/d", "Go", "1.0.0", "1.0.1"),
            ("golang.org/x/net", "Go", "0.12.0", "0.17.0"),
        ],
    ),
    (
        "go.sum",
        """
        -github.com/a/b v1.0.0 h1:abc=
        -github.com/a/b v1.0.0/go.mod h1:def=
        +github.com/a/b v1.0.1 h1:abd=
        +github.com/a/b v1.0.1/go.mod h1:deg=
        +github.com/a/c v1.0.1/go.mod h1:deg=
        """,
        [("github.com/a/b", "Go", "1.0.0", "1.0.1")],
    ),
    (
        "pom.xml",
        """
             <parent>
               <groupId>org.springframework.boot</groupId>
               <artifactId>spring-boot-starter-parent</artifactId>
        -      <version>3.1.0</version>
        +      <version>3.1.1</version>
             </parent>
             <dependency>
               <groupId>org.apache.logging.log4j</groupId>
               <artifactId>log4j-core</artifactId>
        -      <version>2.14.1</version>
        +      <version>2.17.1</version>
             </dependency>
             <plugin>
               <artifactId>maven-surefire-plugin</artifactId>
        -      <version>2.0</version>
        +      <version>3.0</version>
             </plugin>
        """,
        [
            ("org.springframework.boot:spring-boot-starter-parent", "Maven", "3.1.0", "3.1.1"),
            ("org.apache.logging.log4j:log4j-core", "Maven", "2.14.1", "2.17.1"),
            ("org.apache.maven.plugins:maven-surefire-plugin", "Maven", "2.0", "3.0"),
        ],
    ),
    (  # a property, and who refers to it
        "pom.xml",
        """
             <properties>
        -      <jackson.version>2.15.0</jackson.version>
        +      <jackson.version>2.15.2</jackson.version>
             </properties>
             <dependency>
               <groupId>com.fasterxml.jackson.core</groupId>
               <artifactId>jackson-databind</artifactId>
               <version>${jackson.version}</version>
             </dependency>
        """,
        [("com.fasterxml.jackson.core:jackson-databind", "Maven", "2.15.0", "2.15.2")],
    ),
    (
        "app/build.gradle.kts",
        """
         plugins {
        -    id("org.springframework.boot") version "3.1.0"
        +    id("org.springframework.boot") version "3.1.1"
         }
         dependencies {
        -    implementation("com.google.guava:guava:31.0-jre")
        -    testImplementation 'junit:junit:4.12'
        -    compile group: 'org.a', name: 'b', version: '1.0'
        +    implementation("com.google.guava:guava:32.0-jre")
        +    testImplementation 'junit:junit:4.13'
        +    compile group: 'org.a', name: 'b', version: '1.1'
         }
        """,
        [
            (
                "org.springframework.boot",
                "Maven",
                "3.1.0",
                "3.1.1",
            ),
            ("com.google.guava:guava", "Maven", "31.0-jre", "32.0-jre"),
            ("junit:junit", "Maven", "4.12", "4.13"),
            ("org.a:b", "Maven", "1.0", "1.1"),
        ],
    ),
    (
        "gradle/libs.versions.toml",
        """
         [versions]
        -junit = "5.9.0"
        +junit = "5.10.0"
         [libraries]
         junit-api = { module = "org.junit.jupiter:junit-jupiter-api", version.ref = "junit" }
        -guava = "com.google.guava:guava:31.0-jre"
        -okio = { group = "com.squareup.okio", name = "okio", version = "3.0.0" }
        +guava = "com.google.guava:guava:32.0-jre"
        +okio = { group = "com.squareup.okio", name = "okio", version = "3.1.0" }
        """,
        [
            ("org.junit.jupiter:junit-jupiter-api", "Maven", "5.9.0", "5.10.0"),
            ("com.google.guava:guava", "Maven", "31.0-jre", "32.0-jre"),
            ("com.squareup.okio:okio", "Maven", "3.0.0", "3.1.0"),
        ],
    ),
    (
        "gradle.lockfile",
        """
        -com.google.guava:guava:31.0-jre=compileClasspath,runtimeClasspath
        +com.google.guava:guava:32.0-jre=compileClasspath,runtimeClasspath
        """,
        [("com.google.guava:guava", "Maven", "31.0-jre", "32.0-jre")],
    ),
    (
        "Gemfile",
        """
        -gem "rails", "~> 7.0.1", ">= 7.0.1.1"
        -gem 'puma'
        +gem "rails", "~> 7.0.2", ">= 7.0.2.1"
        +gem 'puma', require: false
        """,
        [("rails", "RubyGems", "~> 7.0.1, >= 7.0.1.1", "~> 7.0.2, >= 7.0.2.1")],
    ),
    (
        "Gemfile.lock",
        """
             nokogiri (1.14.0)
               racc (~> 1.4)
        -    nokogiri (1.14.0-x86_64-linux)
        -    rack (2.2.3)
        +    nokogiri (1.14.1-x86_64-linux)
        +    rack (2.2.4)
         DEPENDENCIES
        -  rails (~> 7.0.1)
        +  rails (~> 7.0.2)
        """,
        [("nokogiri", "RubyGems", "1.14.0", "1.14.1"), ("rack", "RubyGems", "2.2.3", "2.2.4")],
    ),
    (
        "a.gemspec",
        """
        -  spec.add_development_dependency "rake", "~> 12.0"
        +  spec.add_development_dependency "rake", "~> 13.0"
        """,
        [("rake", "RubyGems", "~> 12.0", "~> 13.0")],
    ),
    (
        "crates/a/Cargo.toml",
        """
         [package]
        -version = "0.1.0"
        +version = "0.1.1"
         [dependencies]
        -serde = { version = "1.0.1", features = ["derive"] }
        -renamed = { package = "real", version = "0.1" }
        +serde = { version = "1.0.2", features = ["derive"] }
        +renamed = { package = "real", version = "0.2" }
         [dev-dependencies.tokio]
        -version = "1.0"
        +version = "1.1"
        """,
        [
            ("serde", "crates.io", "1.0.1", "1.0.2"),
            ("real", "crates.io", "0.1", "0.2"),
            ("tokio", "crates.io", "1.0", "1.1"),
        ],
    ),
    (
        "Cargo.lock",
        """
         [[package]]
         name = "own"
        -version = "0.1.0"
        +version = "0.1.1"
         dependencies = [
          "serde",
         ]

         [[package]]
         name = "serde"
        -version = "1.0.1"
        +version = "1.0.2"
         source = "registry+https://github.com/rust-lang/crates.io-index"
        """,
        [("serde", "crates.io", "1.0.1", "1.0.2")],
    ),
    (
        "composer.json",
        """
             "require": {
        -        "php": ">=8.0",
        -        "Symfony/Console": "^5.4"
        +        "php": ">=8.1",
        +        "Symfony/Console": "^6.0"
             },
        """,
        [("symfony/console", "Packagist", "^5.4", "^6.0")],
    ),
    (
        "composer.lock",
        """
                     "name": "symfony/console",
        -            "version": "v5.4.0",
        +            "version": "v5.4.1",
                     "source": {
                         "type": "git",
        -                "reference": "aaa"
        +                "reference": "bbb"
                     },
        """,
        [("symfony/console", "Packagist", "5.4.0", "5.4.1")],
    ),
    (
        "src/App.csproj",
        """
        -    <PackageReference Include="Newtonsoft.Json" Version="12.0.1" />
        -    <PackageReference Include="Serilog">
        -      <Version>2.0.0</Version>
        +    <PackageReference Include="Newtonsoft.Json" Version="13.0.1" />
        +    <PackageReference Include="Serilog">
        +      <Version>2.1.0</Version>
             </PackageReference>
        """,
        [
            ("Newtonsoft.Json", "NuGet", "12.0.1", "13.0.1"),
            ("Serilog", "NuGet", "2.0.0", "2.1.0"),
        ],
    ),
    (
        "Directory.Packages.props",
        """
        -    <PackageVersion Version="1.0.0" Include="Dapper" />
        +    <PackageVersion Version="1.0.1" Include="Dapper" />
        """,
        [("Dapper", "NuGet", "1.0.0", "1.0.1")],
    ),
    (
        "packages.config",
        """
        -  <package id="jQuery" version="3.4.0" targetFramework="net48" />
        +  <package id="jQuery" version="3.5.0" targetFramework="net48" />
        """,
        [("jQuery", "NuGet", "3.4.0", "3.5.0")],
    ),
    (
        "packages.lock.json",
        """
               "Dapper": {
                 "type": "Transitive",
        -        "resolved": "1.0.0",
        +        "resolved": "1.0.1",
                 "contentHash": "x"
        """,
        [("Dapper", "NuGet", "1.0.0", "1.0.1")],
    ),
    (
        ".github/workflows/ci.yml",
        """
         jobs:
        -      - uses: actions/checkout@v4
        -      - uses: github/codeql-action/init@cccccccccccccccccccccccccccccccccccccccc # v3.1.0
        -        uses: 'docker://alpine:3.18'
        -    container: node:20
        +      - uses: actions/checkout@v5
        +      - uses: github/codeql-action/init@dddddddddddddddddddddddddddddddddddddddd # v3.2.0
        +        uses: 'docker://alpine:3.19'
        +    container: node:22
               - uses: ./local
        """,
        [
            ("actions/checkout", "GitHub Actions", "4", "5"),
            ("github/codeql-action", "GitHub Actions", "3.1.0", "3.2.0"),
            ("alpine", "Docker", "3.18", "3.19"),
            ("node", "Docker", "20", "22"),
        ],
    ),
    (
        "docker/Dockerfile.prod",
        """
        -FROM --platform=linux/amd64 python:3.12-slim AS build
        -FROM registry.example.org:5000/a/b:1.0@sha256:1111
        +FROM --platform=linux/amd64 python:3.13-slim AS build
        +FROM registry.example.org:5000/a/b:1.0@sha256:2222
         FROM build
        """,
        [
            ("python", "Docker", "3.12-slim", "3.13-slim"),
            ("registry.example.org:5000/a/b", "Docker", "sha256:1111", "sha256:2222"),
        ],
    ),
    (
        "Dockerfile",
        """
        -ARG NODE_VERSION=20.1.0
        +ARG NODE_VERSION=20.2.0
         FROM node:${NODE_VERSION}
        """,
        [("node", "Docker", "20.1.0", "20.2.0")],
    ),
    (
        "compose.yaml",
        """
           db:
        -    image: postgres:16.1
        +    image: postgres:16.2
        """,
        [("postgres", "Docker", "16.1", "16.2")],
    ),
    (
        ".pre-commit-config.yaml",
        """
           - repo: https://github.com/astral-sh/ruff-pre-commit
        -    rev: v0.3.0
        +    rev: v0.3.1
             hooks:
               - id: mypy
                 additional_dependencies:
        -          - types-requests==2.0
        +          - types-requests==2.1
        """,
        [
            ("astral-sh/ruff-pre-commit", "pre-commit", "0.3.0", "0.3.1"),
            ("types-requests", "PyPI", "2.0", "2.1"),
        ],
    ),
    (".python-version", "-3.13.7\n+3.14.6", [("python", "Runtime", "3.13.7", "3.14.6")]),
    ("README.md", "-lodash==1.0\n+lodash==2.0", []),
]


@pytest.mark.parametrize(("file", "hunk", "expected"), [*NPM, *PYTHON, *OTHERS])
def test_changes_are_read(file: str, hunk: str, expected: list[Said]) -> None:
    explanation = explained(diff_of(file, hunk))
    assert said(explanation) == expected
    assert explanation.problems == []
    assert {one.file for one in explanation.changes} <= {file}
