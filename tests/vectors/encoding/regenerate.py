"""Makes actions.json: values of every struct, encoded and hashed by foundry's `cast`, which shares no code with ours.

Run it by hand when an action's struct changes: .venv/bin/python tests/vectors/encoding/regenerate.py
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from governance.chain.tools import find_tool

HERE = Path(__file__).parent
H1, H2, H3 = ("0x" + digit * 64 for digit in "123")
A1, A2 = "0x5FbDB2315678afecb367f032d93F642f64180aa3", "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
KEY = "0x" + b"max_output_tokens".ljust(32, b"\0").hex()
DUTY = "0x" + b"duty".ljust(32, b"\0").hex()
TIER = [0, 1, True, 2, 1, 2, True, 604800, 0]
TIER4 = [2, 3, False, 0, 4, 5, False, 1209600, 2592000]
PARAMETERS = [[TIER, TIER4, TIER4, TIER4], 1, 2, 16777215, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 4294967295, 13, 14, 15]

SETTING = "(bytes32,uint8,int128)"
GRANT = "(string,uint8,bytes2,bytes32,bytes32,uint8,address,address,bytes32)"
TIER_RULE = "(uint16,uint16,bool,uint8,uint16,uint16,bool,uint40,uint40)"
NUMBERS = ",".join(["uint40"] * 2 + ["uint24"] + ["uint8"] * 2 + ["uint40"] * 8 + ["uint32"] + ["uint40"] * 3)
RULES = f"({TIER_RULE}[4],{NUMBERS})"
# kind, number, type, value; text is written 'so', bytes 0xso
ACTIONS = [
    ("ADD_CONSTRAINT", 1, f"(string,uint40,{SETTING}[],bytes)", ["no weapons", 1795000000, [], "0x7b7d"]),
    (
        "ADD_CONSTRAINT", 1, f"(string,uint40,{SETTING}[],bytes)",
        ["keine Übertretung", 0, [[KEY, 1, -(2**127)], [DUTY, 2, 5]], "0x" + "ab" * 33],
    ),
    ("TIGHTEN_PARAMETER", 2, "(bytes32,bytes32,bytes32,int128)", [H1, H2, KEY, 2**127 - 1]),
    ("AMEND_TIGHTER", 3, "(bytes32,bytes32,uint40,bytes)", [H1, H2, 1099511627775, "0x7b7d"]),
    ("REVOKE_RELEASE", 4, "(bytes32,string)", [H1, "misuse"]),
    ("CONFIRM_STOP", 5, "(uint64)", [18446744073709551615]),
    ("SUSPEND_SEAT", 6, "(uint8,bytes32)", [63, H3]),
    (
        "REGISTER_MODEL", 7, "(address,uint64,bytes32,bytes32,bytes32,bytes32,bytes32,(uint8,uint16)[],string)",
        [A1, 7, "0x" + "0" * 64, H1, H2, H3, H1, [[1, 0], [3, 2]], "smollm"],
    ),
    (
        "GRANT_RELEASE", 8, "(bytes32,uint8,uint40,(address,uint16,string)[],bytes)",
        [H1, 3, 1795000000, [[A1, 1, "Alpha"], [A2, 2, "Beta"]], "0x7b7d"],
    ),
    ("RENEW_RELEASE", 9, "(bytes32,uint40)", [H1, 1795000001]),
    ("LOOSEN_PARAMETER", 10, "(bytes32,bytes32,bytes32,int128)", [H1, H2, KEY, -1]),
    ("AMEND_LOOSER", 11, "(bytes32,bytes32,uint40,bytes)", [H1, H2, 0, "0x"]),
    ("RETIRE_CONSTRAINT", 12, "(bytes32,bytes32)", [H1, H2]),
    ("RESUME", 13, "(uint64[])", [[1, 2, 3]]),
    (
        "CHANGE_SEATS", 14, f"(uint8[],{GRANT}[])",
        [[3, 61], [["Alpha", 1, "0x4445", H1, DUTY, 1, A1, A2, H2]]],
    ),
    ("FORM_COMMITTEE", 15, "(uint16,uint16,(bytes32,address)[],uint64)", [3, 1, [[H1, A1], [H2, A2]], 0]),
    ("FORM_COMMITTEE", 15, "(uint16,uint16,(bytes32,address)[],uint64)", [2, 0, [[H1, A1]], 18446744073709551615]),
    ("SET_PARAMETERS", 16, RULES, PARAMETERS),
    ("NAME_SUCCESSOR", 17, "((address,bytes32)[])", [[[A1, H1], [A2, H2]]]),
    ("RECLASSIFY", 18, "(uint8,bytes2,bytes32,bytes32,bytes32)", [7, "0x4652", H1, DUTY, H2]),
    (
        "REPLACE_SEAT", 19, f"(uint8,{GRANT})",
        [61, ["Beta", 2, "0x4652", H2, "0x" + "0" * 64, 1, A2, A1, H3]],
    ),
]  # fmt: skip
CHAIN_ID, NONCE = 31337, 5
CHAMBERS = [H1, H2, H3]
GRANTS = [["Alpha", 1, "0x4445", H1, DUTY, 1, A1, A2, H2], ["Beta", 0, "0x4652", H2, "0x" + "0" * 64, 1, A2, A1, H3]]


def cast(*arguments: str) -> str:
    return subprocess.run(
        [find_tool("cast"), *arguments], check=True, capture_output=True, text=True, timeout=30
    ).stdout.strip()


def spell(value: object, kind: str) -> str:
    """The value as cast reads it; a list is a tuple where its type is one."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        if kind.endswith("]"):
            item = kind[: kind.rindex("[")]
            return "[" + ",".join(spell(member, item) for member in value) + "]"
        return "(" + ",".join(spell(m, k) for m, k in zip(value, members(kind), strict=True)) + ")"
    return f'"{value}"' if kind == "string" else str(value)


def members(kind: str) -> list[str]:
    found, depth, start = [], 0, 1
    for at, character in enumerate(kind):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if (character == "," and depth == 1) or (character == ")" and depth == 0):
            found.append(kind[start:at])
            start = at + 1
    return found


def encode(kinds: list[str], values: list[object]) -> str:
    spelled = [spell(value, kind) for value, kind in zip(values, kinds, strict=True)]
    return cast("abi-encode", f"f({','.join(kinds)})", "--", *spelled)


def digest(kinds: list[str], values: list[object]) -> str:
    return cast("keccak", encode(kinds, values))


def make() -> dict[str, object]:
    actions = []
    for name, number, kind, value in ACTIONS:
        encoding = encode([kind], [value])
        action_hash = digest(["uint8", "bytes32"], [number, cast("keccak", encoding)])
        proposal = ["custodes/proposal/v1", CHAIN_ID, A1, A2, NONCE, action_hash]
        proposal_id = digest(["string", "uint256", "address", "address", "uint64", "bytes32"], proposal)
        actions.append(
            {
                "kind": name,
                "value": value,
                "encoding": encoding,
                "action_hash": action_hash,
                "proposal_id": str(int(proposal_id, 16)),
            }
        )
    genesis = digest(["bytes32[]", f"{GRANT}[]"], [CHAMBERS, GRANTS])
    numbers = digest([RULES, f"({RULES},{RULES})"], [PARAMETERS, [PARAMETERS, PARAMETERS]])
    charter = digest(["string", "bytes32", "bytes32", "bytes32"], ["custodes/charter/v1", H1, genesis, numbers])
    ledger = digest(["string", "uint256", "address", "bytes32"], ["custodes/ledger/v1", CHAIN_ID, A1, charter])
    parameter = digest(["bytes32", "uint8", "int128", "int128"], [KEY, 1, 100, -5])
    entry = ["bytes32", "uint64", "uint8", "bytes32", "bytes32", "bytes32", "uint8", "uint256", "uint40"]
    model = digest(["string", "address", "uint64"], ["custodes/model/v1", A1, 7])
    identity = ["string", "uint256", "address", "bytes32", "bytes32", "uint8", "uint16"]
    request = ["string", "uint256", "address", "uint64", "bytes32", "address", "bytes32"]
    hashes = {
        "genesis": genesis,
        "parameters": numbers,
        "charter": charter,
        "genesis_head": ledger,
        "parameter_change": parameter,
        "head": digest(entry, [ledger, 0, 2, H1, parameter, H2, 1, 12345, 1795000000]),
        "model": model,
        "identity": digest(identity, ["custodes/identity/v1", CHAIN_ID, A1, H3, model, 3, 2]),
        "request": digest(request, ["custodes/unlock/v1", CHAIN_ID, A1, 9, H1, A2, H2]),
    }
    creations = [
        cast("compute-address", A2, "--nonce", str(nonce)).split()[-1] for nonce in (0, 1, 127, 128, 255, 256, 70000)
    ]
    return {"source": "cast 1.7.1: abi-encode, keccak, compute-address", "actions": actions, "hashes": hashes,
            "creations": creations}  # fmt: skip


if __name__ == "__main__":
    (HERE / "actions.json").write_text(json.dumps(make(), indent=1, ensure_ascii=False) + "\n")
