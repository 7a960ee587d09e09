"""The signed record of each inference: an append-only log that a third party can check, and that shows no prompt.

Each receipt names its predecessor, so that one cannot be left out; batches of them are anchored on chain. The salts
that open the commitments are returned to the user with the answer, and kept nowhere else.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from governance.encoding.receipts import SALT_BYTES, compute_commitment, compute_receipt_hash, compute_receipts_root
from governance.types import Hash32
from inference.errors import BadReceipt

SCHEMA: Final = "custodes.receipt/1"
SIGNATURE_BYTES: Final = 65
GENESIS: Final = "0x" + "00" * 32


@dataclass(frozen=True)
class Served:
    """What a receipt is about, besides request and response."""

    chain_id: int
    releases: str  # address of the Releases contract
    release_id: str
    worker: str
    manifest_hash: str
    ledger_head: str
    block_number: int
    block_time: int  # [Unix seconds]
    capability: str
    prompt_tokens: int
    output_tokens: int


class ReceiptLog:
    """One worker's receipts under one release, in one file of JSON lines. It is read back and verified when opened."""

    FILE: ClassVar[str] = "receipts.jsonl"

    def __init__(self, directory: Path, private_key: bytes) -> None:
        """Raises: BadReceipt, if what is there is not an unbroken chain."""
        self._path = directory / self.FILE
        self._key = private_key
        self._hashes: list[Hash32] = []
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._path.exists():
            for line in self._path.read_text().splitlines():
                receipt = json.loads(line)
                verify_receipt(receipt)
                self._check_follows(receipt["body"])
                self._hashes.append(Hash32(compute_receipt_hash(receipt["body"])))

    def __repr__(self) -> str:
        return f"ReceiptLog({str(self._path)!r}, {len(self._hashes)} receipts)"

    @property
    def count(self) -> int:
        return len(self._hashes)

    def append(self, served: Served, request: bytes, response: bytes) -> dict[str, Any]:
        """The signed receipt, on disk before it is returned. `opening` holds the salts, for the user alone."""
        request_salt, response_salt = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(SALT_BYTES)
        body = {
            "schema": SCHEMA,
            "sequence": self.count,
            "previous": self._previous(),
            "request": _hex(compute_commitment(request_salt, request)),
            "response": _hex(compute_commitment(response_salt, response)),
            **{_camel(name): value for name, value in vars(served).items()},
        }
        receipt = {"body": body, "signature": _sign(self._key, compute_receipt_hash(body))}
        with self._path.open("a") as file:
            file.write(json.dumps(receipt, sort_keys=True) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._hashes.append(Hash32(compute_receipt_hash(body)))
        return {**receipt, "opening": {"requestSalt": _hex(request_salt), "responseSalt": _hex(response_salt)}}

    def batch(self, first: int) -> tuple[Hash32, int] | None:
        """Root and number of the receipts from `first` on; None if there is none."""
        hashes = self._hashes[first:]
        return (compute_receipts_root(hashes), len(hashes)) if hashes else None

    def _previous(self) -> str:
        return _hex(self._hashes[-1]) if self._hashes else GENESIS

    def _check_follows(self, body: dict[str, Any]) -> None:
        if body["sequence"] != self.count or body["previous"] != self._previous():
            raise BadReceipt(f"receipt {body['sequence']} does not follow receipt {self.count - 1}")


def verify_receipt(receipt: dict[str, Any], request: bytes | None = None, response: bytes | None = None) -> None:
    """The receipt is signed by the worker that it names; where given, request and response are what it commits to.

    Raises: BadReceipt.
    """
    from eth_account import Account
    from eth_account.messages import encode_defunct
    from eth_keys.exceptions import BadSignature
    from eth_keys.exceptions import ValidationError as BadKey

    try:
        body = receipt["body"]
        digest = compute_receipt_hash(body)
        signature = bytes.fromhex(receipt["signature"].removeprefix("0x"))
        if len(signature) != SIGNATURE_BYTES:
            raise ValueError(f"a signature is {SIGNATURE_BYTES} bytes")
        signer = Account.recover_message(encode_defunct(primitive=digest), signature=signature)
        named, schema = str(body["worker"]), body["schema"]
    except (AttributeError, BadKey, BadSignature, KeyError, TypeError, ValueError) as e:
        raise BadReceipt("the receipt is malformed") from e
    if schema != SCHEMA or signer.lower() != named.lower():
        raise BadReceipt(f"the receipt names worker {named} and is signed by {signer}")
    for name, content in (("request", request), ("response", response)):
        if content is not None:
            salt = bytes.fromhex(str(receipt["opening"][f"{name}Salt"]).removeprefix("0x"))
            if _hex(compute_commitment(salt, content)) != body[name]:
                raise BadReceipt(f"the receipt commits to another {name}")


def _sign(private_key: bytes, digest: bytes) -> str:
    from eth_account import Account
    from eth_account.messages import encode_defunct

    return _hex(bytes(Account.sign_message(encode_defunct(primitive=digest), private_key).signature))


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)
