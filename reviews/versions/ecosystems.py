"""The order of each ecosystem's versions; names as in OSV, https://ossf.github.io/osv-schema."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cmp_to_key, lru_cache
from typing import Any

from reviews.versions import (
    apk,
    composer,
    debian,
    julia,
    maven,
    nuget,
    numbers,
    pypi,
    rpm,
    rubygems,
    semver,
)

Key = Callable[[str], Any]


@dataclass(frozen=True)
class Order:
    """How the versions of an ecosystem compare; without a key, only whether they are equal."""

    name: str
    key: Key | None = None

    @property
    def is_known(self) -> bool:
        return self.key is not None

    def compare(self, one: str, other: str) -> int | None:
        """Return -1, 0 or 1; None if the two have no order."""
        if one == other:
            return 0
        if self.key is None:
            return None
        try:
            left, right = _key(self, one), _key(self, other)
        except ValueError:  # NotAVersion, or more digits than Python parses
            return None
        return int(left > right) - int(left < right)

    def _compare(self, one: str, other: str) -> int:
        return self.compare(one, other) or 0

    def highest(self, versions: Iterable[str]) -> str:
        """Return the highest, or the first of those that have no order."""
        return max(versions, key=cmp_to_key(self._compare))


@lru_cache(maxsize=10_000)
def _key(order: Order, version: str) -> Any:
    assert order.key is not None
    return order.key(version)


SEMVER, LOOSE = Order("semver", semver.key), Order("loose semver", semver.loose_key)
DEBIAN, RPM, APK = Order("deb", debian.key), Order("rpm", rpm.key), Order("apk", apk.key)
BUILDS = Order("semver with builds", semver.build_key)
CRAN, HACKAGE = Order("CRAN", numbers.cran_key), Order("Hackage", numbers.hackage_key)
OPAQUE = Order("opaque")

ORDERS: dict[str, Order] = {
    "almalinux": RPM,
    "alpaquita": APK,
    "alpine": APK,
    "azure linux": RPM,
    "bellsoft hardened containers": APK,
    "bioconductor": CRAN,
    "bitnami": LOOSE,
    "chainguard": APK,
    "conancenter": LOOSE,
    "cran": CRAN,
    "crates.io": BUILDS,
    "debian": DEBIAN,
    "echo": DEBIAN,
    "ghc": HACKAGE,
    "github actions": LOOSE,
    "go": SEMVER,
    "hackage": HACKAGE,
    "hex": SEMVER,
    "julia": Order("Julia", julia.key),
    "kubernetes": SEMVER,
    "linux": LOOSE,
    "mageia": RPM,
    "maven": Order("Maven", maven.key),
    "minimos": APK,
    "npm": SEMVER,
    "nuget": Order("NuGet", nuget.key),
    "opam": Order("opam", debian.opam_key),
    "openeuler": RPM,
    "opensuse": RPM,
    "packagist": Order("Composer", composer.key),
    "photon os": RPM,
    "pub": BUILDS,
    "pypi": Order("PEP 440", pypi.key),
    "red hat": RPM,
    "rocky linux": RPM,
    "rubygems": Order("RubyGems", rubygems.key),
    "suse": RPM,
    "swifturl": SEMVER,
    "ubuntu": DEBIAN,
    "vscode": LOOSE,
    "wolfi": APK,
}
"""By the name of the registry."""


def order_of(ecosystem: str, *, is_semver: bool = False) -> Order:
    """Return the order of an ecosystem: OPAQUE if it is unknown, unless its ranges are `SEMVER`."""
    return ORDERS.get(registry_of(ecosystem), LOOSE if is_semver else OPAQUE)


def registry_of(ecosystem: str) -> str:
    """Return the name of an ecosystem in lower case, without what follows a colon.

    Root's patched packages are of the distribution in the second part of their ecosystem's name.
    """
    name, _colon, rest = ecosystem.strip().lower().partition(":")
    return rest.partition(":")[0] if name == "root" else name
