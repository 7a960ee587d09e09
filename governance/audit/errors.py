"""What an audit can find."""

from __future__ import annotations

from typing import ClassVar

from governance.errors import VerificationError


class StorageDiffers(VerificationError):
    """A contract's storage holds something else than the rules make of its events."""

    hint: ClassVar[str] = (
        "storage was written past the contracts, or an RPC lies: keep a bundle, tell the other members"
    )


class WrongGenesis(VerificationError):
    """The constructors' events do not hash to the charter of the deployment."""

    hint: ClassVar[str] = (
        "these contracts were not deployed from that charter: compare deployment.json with the members'"
    )
