"""An anchored root, found on the chain: where it stands is asked of a node, that it stands there is proven."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.chain.receipts import read_logs
from governance.ledger.codec import decode_words
from governance.types.events.releases import ReceiptsAnchored
from inference.access import Access
from inference.errors import BadReceipt, NotAnchored
from inference.receipts import Anchored


def find_anchoring(access: Access, body: Mapping[str, Any], anchored: Anchored) -> int:
    """The final block in which that worker anchored that root, by its own transaction, proven under the block's header.

    Raises: BadReceipt, NotAnchored, BadReceipts, VerificationError, Unavailable.
    """
    ledger = access.ledger
    if (body.get("chainId"), str(body.get("releases")).lower()) != (ledger.chain_id, ledger.releases.address.lower()):
        raise BadReceipt("the receipt is of another chain, or of another deployment")
    told = [
        record.block
        for record in ledger.events()
        if isinstance(record.event, ReceiptsAnchored) and anchored.is_said_by(record.event)
    ]
    if not told:
        raise BadReceipt(f"the chain has no batch {anchored.batch} of this worker with that root")
    header = access.sight.view.begin_at(told[0])
    if header.number != told[0]:
        raise NotAnchored(f"block {told[0]}, in which it was anchored, is not final yet")
    for log in read_logs(ledger.rpc, [header], ledger.releases.address):
        event = decode_words("Releases", log.topics, log.data)
        if isinstance(event, ReceiptsAnchored) and anchored.is_said_by(event):
            return header.number
    raise BadReceipt(f"block {header.number} holds no such anchoring, though the node said so")
