"""What can go wrong between us and a node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from governance.errors import Unavailable, VerificationError


class RpcUnavailable(Unavailable):
    """The node does not answer, answers too late, or answers something that is not JSON-RPC."""

    hint: ClassVar[str] = "is the node up, and is its URL right? --rpc, CUSTODES_RPC or custodes.toml name it"


class RpcOverloaded(RpcUnavailable):
    """The node asks for fewer or smaller requests, or did not finish this one in time."""

    hint: ClassVar[str] = "try again later, or use an RPC with higher limits: --rpc names it"

    def __init__(self, message: str, *, wants_fewer: bool = False, retry_after: float = 0.0, took: float = 0.0) -> None:
        super().__init__(message)
        self.took = took  # [seconds] until it was given up
        self.wants_fewer = wants_fewer  # requests, rather than smaller ones
        self.retry_after = retry_after  # [seconds] as it says itself


class RpcError(Unavailable):
    """The node answered with an error of its own; `data` holds a revert's bytes, if there are any."""

    hint: ClassVar[str] = "the node refuses this request; custodes doctor says what else is wrong with it"

    def __init__(self, message: str, *, code: int, data: bytes | None = None) -> None:
        super().__init__(message, details={"code": code})
        self.code = code
        self.data = data

    @classmethod
    def from_answer(cls, name: str, error: object) -> RpcError:
        """The typed form of a JSON-RPC error object of the node called `name`."""
        if not isinstance(error, Mapping):
            return cls(f"{name} answered with an error that says nothing", code=0)
        code = error.get("code")
        message = error.get("message")
        message = message[:500] if isinstance(message, str) else "no reason given"
        return cls(
            f"{name}: {message}", code=code if isinstance(code, int) else 0, data=_revert_data(error.get("data"))
        )


class ChainMismatch(VerificationError):
    """The node serves another chain than the one that was asked for."""

    hint: ClassVar[str] = "the RPC URL and the deployment belong to different chains: correct one of them"


def _revert_data(data: Any) -> bytes | None:
    """Nodes put the revert's bytes in `data`, or in a member of it that is again called data."""
    if isinstance(data, Mapping):
        data = data.get("data")
    if isinstance(data, str) and data.startswith("0x"):
        try:
            return bytes.fromhex(data[2:])
        except ValueError:
            return None
    return None
