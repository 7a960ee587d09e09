"""Accounts whose secrets anybody can derive, and the genesis that seats them."""

from __future__ import annotations

import dataclasses

from eth_keys.datatypes import PrivateKey

from governance.encoding.keccak import keccak256
from governance.encoding.names import make_address
from governance.spec.genesis import Genesis
from governance.types import Address, Hash32, SeatGrant, Seconds
from spec_charter import DAY, GENESIS, PARAMETERS, make_grant


def secret_of(*values: object) -> bytes:
    return keccak256(repr(("secret", *values)).encode())


def account_of(*values: object) -> Address:
    """The account of a secret that anybody can derive."""
    return make_address(PrivateKey(secret_of(*values)).public_key.to_address())


def grant_of(organisation: int, chamber: int, jurisdiction: str | None = None) -> SeatGrant:
    """A grant to keys that can sign."""
    return dataclasses.replace(
        make_grant(organisation, chamber, jurisdiction),
        voting_key=account_of("voting", organisation),
        recovery_key=account_of("recovery", organisation),
    )


WALK_GENESIS: Genesis = dataclasses.replace(
    GENESIS,
    grants=tuple(grant_of(index, index // 5) for index in range(15)),
    # a seat silent for days would end every walk: pulls count for weeks, and a number rests not for years
    initial=dataclasses.replace(PARAMETERS, pull_window=Seconds(3 * DAY), open_proposals=4),
)


def sign(secret: bytes, digest: Hash32, *, compact: bool = False) -> bytes:
    """65 bytes (r, s, v), or 64 (EIP-2098)."""
    v, r, s = PrivateKey(secret).sign_msg_hash(digest).vrs
    if compact:
        return r.to_bytes(32, "big") + (s | v << 255).to_bytes(32, "big")
    return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([27 + v])
