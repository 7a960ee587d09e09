"""The signed record of each inference: an append-only log that a third party can check, and that shows no prompt.

Each receipt names its predecessor, so that one cannot be left out; batches of them are anchored on chain. The salts
that open the commitments are returned to the user with the answer, and kept nowhere else.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol

from governance.encoding.errors import NotEncodable
from governance.encoding.receipts import (
    SALT_BYTES,
    compute_commitment,
    compute_receipt_hash,
    compute_receipt_path,
    compute_receipts_root,
    compute_root_by_path,
)
from governance.errors import InvalidInput
from governance.types import Address, Hash32
from governance.types.events.releases import ReceiptsAnchored
from inference.enforcement import Spent
from inference.errors import BadReceipt, NotAnchored, WorkerBusy

SCHEMA: Final = "custodes.receipt/1"
SIGNATURE_BYTES: Final = 65
CLOSED: Final = -1
GENESIS: Final = "0x" + "00" * 32


class MessageSigner(Protocol):
    """Who signs receipts: the worker's own key."""

    @property
    def address(self) -> Address: ...

    def sign_message(self, message: bytes) -> bytes: ...


@dataclass(frozen=True)
class Served:
    """What a receipt is about, besides request and response."""

    chain_id: int
    releases: str  # address of the Releases contract
    release_id: str
    worker: str
    manifest_hash: str
    ledger_head: str  # of the constraints that were enforced
    block_number: int
    block_time: int  # [Unix seconds]
    capability: str
    prompt_tokens: int
    output_tokens: int


@dataclass(frozen=True)
class Anchored:
    """An anchoring that a receipt relies on; `ReceiptsAnchored` must say the same."""

    release_id: str
    worker: str
    batch: int
    root: Hash32
    first_sequence: int
    count: int

    def is_said_by(self, event: ReceiptsAnchored) -> bool:
        mine = (self.release_id.lower(), self.worker.lower(), self.batch, self.root, self.first_sequence, self.count)
        said = ("0x" + event.release_id.hex(), event.worker.lower(), event.batch, event.root)
        return mine == (*said, event.first_sequence, event.count)


class ReceiptLog:
    """One worker's receipts under one release, in one file of JSON lines that one process at a time has open."""

    FILE: ClassVar[str] = "receipts.jsonl"

    def __init__(self, directory: Path, signer: MessageSigner) -> None:
        """What is there is read back, and is this worker's unbroken chain. Raises: BadReceipt, WorkerBusy."""
        self._signer = signer
        self._hashes: list[Hash32] = []
        self._spent = Spent(0, 0)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = directory / self.FILE
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._read_back()
        except BlockingIOError as e:
            self.close()
            raise WorkerBusy(f"another process writes receipts to {self._path}") from e
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"ReceiptLog({str(self._path)!r}, {len(self._hashes)} receipts)"

    @property
    def count(self) -> int:
        return len(self._hashes)

    @property
    def spent(self) -> Spent:
        """What was served under this release so far, by whichever process: the budget outlives a restart."""
        return self._spent

    def append(self, served: Served, request: bytes, response: bytes) -> dict[str, Any]:
        """R-Worker-08: the signed receipt, on disk before it is returned. `opening` holds the salts, for the user."""
        request_salt, response_salt = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(SALT_BYTES)
        body = {
            "schema": SCHEMA,
            "sequence": self.count,
            "previous": self._previous(),
            "request": _hex(compute_commitment(request_salt, request)),
            "response": _hex(compute_commitment(response_salt, response)),
            **{_camel(name): value for name, value in vars(served).items()},
        }
        digest = compute_receipt_hash(body)
        receipt = {"body": body, "signature": _hex(self._signer.sign_message(digest))}
        os.write(self._file, (json.dumps(receipt, sort_keys=True) + "\n").encode())
        os.fsync(self._file)
        self._count(body, digest)
        return {**receipt, "opening": {"requestSalt": _hex(request_salt), "responseSalt": _hex(response_salt)}}

    def batch(self, first: int) -> tuple[Hash32, int] | None:
        """Root and number of the receipts from `first` on; None if there is none."""
        hashes = self._hashes[first:]
        return (compute_receipts_root(hashes), len(hashes)) if hashes else None

    def prove(self, sequence: int, batches: Sequence[ReceiptsAnchored]) -> dict[str, Any] | None:
        """Where that receipt lies under an anchored root, as `verify_inclusion` takes it; None if it does not yet.

        Raises: NotEncodable, if there is no such receipt.
        """
        if not 0 <= sequence < self.count:
            raise NotEncodable(f"this worker has {self.count} receipts, and none with number {sequence}")
        for batch in batches:
            index = sequence - batch.first_sequence
            if 0 <= index < batch.count:
                path = compute_receipt_path(self._hashes[batch.first_sequence :][: batch.count], index)
                return {
                    "batch": batch.batch,
                    "firstSequence": batch.first_sequence,
                    "count": batch.count,
                    "root": _hex(batch.root),
                    "path": [_hex(step) for step in path],
                }
        return None

    def verify_anchored(self, batches: Sequence[ReceiptsAnchored]) -> None:
        """Returns if this log holds all that its worker ever anchored: losing receipts must not win back a budget.

        Raises: BadReceipt.
        """
        for batch in batches:
            hashes = self._hashes[batch.first_sequence : batch.first_sequence + batch.count]
            if len(hashes) != batch.count or compute_receipts_root(hashes) != batch.root:
                raise BadReceipt(
                    f"{self._path} has {self.count} receipts, and not the {batch.count} from number "
                    f"{batch.first_sequence} on that were anchored",
                    hint="put back this worker's receipts under this release; another key needs a release of its own",
                )

    def close(self) -> None:
        """Another process may write to the log. Twice is once: the number may be another file by now."""
        descriptor, self._file = self._file, CLOSED
        if descriptor != CLOSED:
            os.close(descriptor)

    def _read_back(self) -> None:
        content = self._path.read_bytes()
        lines = content.split(b"\n")
        if lines[-1]:  # a process ended while it wrote: that receipt was never given to anybody
            os.ftruncate(self._file, len(content) - len(lines[-1]))
        receipt: dict[str, Any] | None = None
        for line in lines[:-1]:
            try:
                receipt = dict(json.loads(line))
                body = receipt["body"]
                if body["sequence"] != self.count or body["previous"] != self._previous():
                    raise BadReceipt(f"receipt {body['sequence']} does not follow receipt {self.count - 1}")
                self._count(body, compute_receipt_hash(body))
            except (InvalidInput, ValueError, KeyError, TypeError) as e:
                raise BadReceipt(f"line {self.count + 1} of {self._path} is no receipt") from e
        if receipt is not None:  # the last signature is over a hash that holds all before it
            verify_receipt(receipt)
            if receipt["body"]["worker"].lower() != self._signer.address.lower():
                raise BadReceipt(f"{self._path} holds the receipts of {receipt['body']['worker']}")

    def _count(self, body: dict[str, Any], digest: Hash32) -> None:
        self._hashes.append(digest)
        self._spent = Spent(self._spent.requests + 1, self._spent.output_tokens + int(body["outputTokens"]))

    def _previous(self) -> str:
        return _hex(self._hashes[-1]) if self._hashes else GENESIS


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
    except (AttributeError, BadKey, BadSignature, InvalidInput, KeyError, TypeError, ValueError) as e:
        raise BadReceipt("the receipt is malformed") from e
    if schema != SCHEMA or signer.lower() != named.lower():
        raise BadReceipt(f"the receipt names worker {named} and is signed by {signer}")
    for name, content in (("request", request), ("response", response)):
        if content is not None and not _is_opened(receipt, name, content):
            raise BadReceipt(f"the receipt commits to another {name}")


def verify_inclusion(receipt: dict[str, Any]) -> Anchored:
    """The receipt lies under the root in its `inclusion`. Whether that root was anchored, the chain knows.

    Raises: BadReceipt, NotAnchored.
    """
    inclusion = receipt.get("inclusion")
    if inclusion is None:
        raise NotAnchored("the receipt comes without its place under an anchored root")
    try:
        body = receipt["body"]
        path = [bytes.fromhex(str(step).removeprefix("0x")) for step in inclusion["path"]]
        batch, first, count = (int(inclusion[name]) for name in ("batch", "firstSequence", "count"))
        index = int(body["sequence"]) - first
        root = compute_root_by_path(compute_receipt_hash(body), index, count, path)
        claimed = bytes.fromhex(str(inclusion["root"]).removeprefix("0x"))
    except (InvalidInput, KeyError, TypeError, ValueError) as e:
        raise BadReceipt("the receipt's place under an anchored root is malformed") from e
    if root != claimed:
        raise BadReceipt(f"the receipt is not under the root 0x{claimed.hex()[:16]}… that it names")
    return Anchored(str(body["releaseId"]), str(body["worker"]), batch, root, first, count)


def _is_opened(receipt: dict[str, Any], name: str, content: bytes) -> bool:
    try:
        salt = bytes.fromhex(str(receipt["opening"][f"{name}Salt"]).removeprefix("0x"))
        return bool(_hex(compute_commitment(salt, content)) == receipt["body"][name])
    except (InvalidInput, KeyError, TypeError, ValueError) as e:
        raise BadReceipt(f"the receipt has no salt that opens the {name}") from e


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)
