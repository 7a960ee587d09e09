"""One target under atheris: NAME, then libFuzzer's own options. Run by fuzz.py, in atheris' environment."""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore]

with atheris.instrument_imports(include=["inference", "governance"]):
    import fuzz_targets


def main() -> None:
    """It ends the process."""
    target = next(target for target in fuzz_targets.make_targets() if target.name == sys.argv[1])

    def run(data: bytes) -> None:
        fuzz_targets.check(target, data)

    atheris.Setup([sys.argv[0], *sys.argv[2:]], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
