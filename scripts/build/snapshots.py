"""Gas and bytecode size of the contracts, as committed under contracts/snapshots, one JSON file a group.

A value may move by a percent either way. A larger rise is a regression; a larger fall is good news that has to be
written down, or the next rise would hide in it. `scripts/test --update-snapshots` writes what is measured.

Source: EIP-170 (size of deployed code), EIP-3860 (size of creation code).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

TOLERANCE_PERCENT = 1
LIMITS = {"runtime": 24_576, "creation": 49_152}  # bytes

Group = dict[str, int]


def read_groups(directory: Path) -> dict[str, Group]:
    """The values by group and name; forge writes numbers as strings."""
    if not directory.is_dir():
        return {}
    return {
        path.stem: {name: int(value) for name, value in json.loads(path.read_text()).items()}
        for path in sorted(directory.glob("*.json"))
    }


def write_groups(groups: Mapping[str, Group], directory: Path) -> str:
    """The directory holds these groups and no other; returns a word on what was written."""
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.glob("*.json"):
        if path.stem not in groups:
            path.unlink()
    for name, group in groups.items():
        (directory / f"{name}.json").write_text(json.dumps(group, indent=2, sort_keys=True) + "\n")
    return f"wrote {sum(map(len, groups.values()))} values"


def compute_sizes(artifacts: Path) -> Group:
    """Bytes of creation and runtime code of every contract that has an artifact with code."""
    sizes: Group = {}
    for path in sorted(artifacts.glob("*.json")):
        artifact = json.loads(path.read_bytes())
        for kind, key in (("creation", "bytecode"), ("runtime", "deployedBytecode")):
            if key in artifact:
                sizes[f"{path.stem} {kind}"] = (len(artifact[key]["object"]) - len("0x")) // 2
    return sizes


def find_oversized(sizes: Group) -> list[str]:
    """One line for each contract that no chain would accept."""
    complaints = []
    for name, size in sizes.items():
        limit = LIMITS[name.rsplit(" ", 1)[1]]
        if size > limit:
            complaints.append(f"{name} code is {size} bytes, and {limit} are allowed")
    return complaints


def compare(committed: Mapping[str, Group], measured: Mapping[str, Group]) -> list[str]:
    """One line for each value that is new, gone, or further from the committed one than the tolerance."""
    old = {(group, name): value for group, values in committed.items() for name, value in values.items()}
    new = {(group, name): value for group, values in measured.items() for name, value in values.items()}
    complaints = []
    for group, name in sorted(old.keys() | new.keys()):
        before, after = old.get((group, name)), new.get((group, name))
        where = f"{group}/{name}"
        if before is None:
            complaints.append(f"{where}: {after} is measured and not committed")
        elif after is None:
            complaints.append(f"{where}: {before} is committed and no longer measured")
        elif abs(after - before) * 100 > TOLERANCE_PERCENT * before:
            change = f" ({100 * (after - before) / before:+.1f} %)" if before else ""
            complaints.append(f"{where}: {before} is committed, {after} measured{change}")
    if complaints:
        complaints.append("if this is meant: scripts/test --only forge --only snapshots --update-snapshots, and commit")
    return complaints
