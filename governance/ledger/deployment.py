"""deployment.json: which system on which chain, in one file that any member can check against the chain.

It is checked before every write: a signature under the wrong contract, or on a chain that pretends to be ours, cannot
be taken back. Every value in it can be derived from the chain again, and the charter hash from charter.toml.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.chain.rpc import Rpc, as_bytes, as_int
from governance.encoding.code import compute_code_hash
from governance.encoding.errors import NotEncodable
from governance.encoding.names import make_address
from governance.ledger.artifacts import CONTRACTS, ContractName, load_artifact
from governance.ledger.codec import Call, decode_answer, encode_call
from governance.ledger.errors import BadDeployment, DeploymentMismatch
from governance.types import ZERO_ADDRESS, Address, ChainId, Hash32, System

SCHEMA = "custodes.deployment/1"


@dataclass(frozen=True)
class Deployment:
    """One deployed system."""

    name: str  # of the charter, for people
    chain_id: ChainId
    genesis_hash: Hash32  # of block 0: tells two chains with one id apart
    block: int  # nothing of this system happened before it
    charter_hash: Hash32
    addresses: Mapping[ContractName, Address]
    code_hashes: Mapping[ContractName, Hash32]  # of the code with its immutables, as EXTCODEHASH has it
    predecessor: Deployment | None = None  # the system that this one follows, on the same chain

    @property
    def system(self) -> System:
        return System(*(self.addresses[name] for name in CONTRACTS))

    def line(self) -> Iterator[Deployment]:
        """The systems that follow each other up to this one, the first one first."""
        if self.predecessor is not None:
            yield from self.predecessor.line()
        yield self

    def to_json(self) -> dict[str, Any]:
        follows = {} if self.predecessor is None else {"predecessor": self.predecessor.to_json()}
        return {
            "schema": SCHEMA,
            "name": self.name,
            "chainId": self.chain_id,
            "genesisHash": _hex(self.genesis_hash),
            "block": self.block,
            "charterHash": _hex(self.charter_hash),
            "contracts": {
                name: {"address": self.addresses[name], "codeHash": _hex(self.code_hashes[name])} for name in CONTRACTS
            },
            **follows,
        }

    @classmethod
    def from_json(cls, data: object) -> Deployment:
        """Raises: BadDeployment."""
        try:
            if not isinstance(data, dict) or data["schema"] != SCHEMA:
                raise BadDeployment(f"this is no {SCHEMA}")
            contracts = data["contracts"]
            return cls(
                name=str(data["name"]),
                chain_id=ChainId(_number(data["chainId"])),
                genesis_hash=_hash(data["genesisHash"]),
                block=_number(data["block"]),
                charter_hash=_hash(data["charterHash"]),
                addresses={name: make_address(contracts[name]["address"]) for name in CONTRACTS},
                code_hashes={name: _hash(contracts[name]["codeHash"]) for name in CONTRACTS},
                predecessor=cls.from_json(data["predecessor"]) if "predecessor" in data else None,
            )
        except (KeyError, TypeError, ValueError, AttributeError, NotEncodable) as e:
            raise BadDeployment(f"the deployment is malformed: {e}") from e

    @classmethod
    def read(cls, path: Path) -> Deployment:
        """Raises: BadDeployment."""
        try:
            return cls.from_json(json.loads(path.read_text()))
        except OSError as e:
            raise BadDeployment(f"{path} cannot be read: {e.strerror}") from e
        except ValueError as e:
            raise BadDeployment(f"{path} is not JSON") from e

    def write(self, path: Path) -> None:
        """The file holds this deployment, whole, or is as it was."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
            file.write(json.dumps(self.to_json(), indent=2) + "\n")
        os.chmod(file.name, 0o644)
        os.replace(file.name, path)

    def verify_against_chain(self, rpc: Rpc, *, active: bool = True) -> None:
        """Returns if chain, code, charter and predecessor are the ones named here, and the system is active.

        One that waits for its predecessor's vote is verified with active=False.
        Raises: DeploymentMismatch, RpcUnavailable, RpcError.
        """
        calls = (Call("Council", "charterHash"), Call("Council", "active"), Call("Constraints", "predecessor"))
        answers = rpc.batch(
            [
                ("eth_chainId", []),
                ("eth_getBlockByNumber", ["0x0", False]),
                *(("eth_getCode", [self.addresses[name], "latest"]) for name in CONTRACTS),
            ]
        )
        chain_id, genesis, *codes = answers
        if as_int(chain_id) != self.chain_id:
            raise DeploymentMismatch(f"{rpc.name} serves chain {as_int(chain_id)}, not {self.chain_id}")
        if not isinstance(genesis, dict) or genesis.get("hash") != _hex(self.genesis_hash):
            raise DeploymentMismatch(f"block 0 of {rpc.name} is not {_hex(self.genesis_hash)[:18]}…: another chain")
        for name, code in zip(CONTRACTS, codes, strict=True):
            self._verify_code(name, as_bytes(code))
        stated, is_active, follows = (
            as_bytes(answer)
            for answer in rpc.batch(
                [
                    ("eth_call", [{"to": self.addresses[c.contract], "data": "0x" + encode_call(c).hex()}, "latest"])
                    for c in calls
                ]
            )
        )
        if stated != self.charter_hash:
            raise DeploymentMismatch(f"the Council is bound to charter 0x{stated.hex()}, not {_hex(self.charter_hash)}")
        self._verify_predecessor(decode_answer(["address"], follows), rpc)
        if active and not decode_answer(["bool"], is_active):
            raise DeploymentMismatch("the system is not active", hint="anybody may: custodes charter activate")

    def verify_sources(self, rpc: Rpc) -> None:
        """Returns if the code on chain is what this installed package was compiled to, immutables aside.

        Raises: DeploymentMismatch.
        """
        answers = rpc.batch([("eth_getCode", [self.addresses[name], "latest"]) for name in CONTRACTS])
        for name, code in zip(CONTRACTS, answers, strict=True):
            artifact = load_artifact(name)
            try:
                template = artifact.compute_template_hash(as_bytes(code))
            except NotEncodable as e:
                raise DeploymentMismatch(f"{name}: {e.message}") from e
            if template != artifact.template_hash:
                raise DeploymentMismatch(
                    f"{name} was compiled from other sources than the installed custodes holds",
                    hint="install the release that this consortium deployed",
                )

    def _verify_predecessor(self, actual: Address, rpc: Rpc) -> None:
        """What the chain says that this system follows is what is named here, and stands there too."""
        named = ZERO_ADDRESS if self.predecessor is None else self.predecessor.addresses["Council"]
        if actual.lower() != named.lower():
            what = "no system" if named == ZERO_ADDRESS else f"the Council at {named}"
            raise DeploymentMismatch(f"the system follows the Council at {actual}, and {what} is named")
        if self.predecessor is not None:
            self.predecessor.verify_against_chain(rpc)

    def _verify_code(self, name: ContractName, code: bytes) -> None:
        try:
            actual = compute_code_hash(code)
        except NotEncodable as e:
            raise DeploymentMismatch(f"{name} at {self.addresses[name]}: {e.message}") from e
        if actual != self.code_hashes[name]:
            raise DeploymentMismatch(f"the code of {name} hashes to {_hex(actual)}, not {_hex(self.code_hashes[name])}")


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _hash(text: str) -> Hash32:
    value = bytes.fromhex(text.removeprefix("0x"))
    if len(value) != 32:
        raise ValueError(f"32 bytes are required, got {len(value)}")
    return Hash32(value)


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no number")
    return value
