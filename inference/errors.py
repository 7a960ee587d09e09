"""What can go wrong in a worker; no message ever holds a key or a prompt."""

from __future__ import annotations

from typing import ClassVar

from governance.errors import InvalidInput, Refused, Unavailable, VerificationError


class WorkerDark(Refused):
    """The worker has dropped its weights and keys, and says why."""

    hint: ClassVar[str] = "see custodes release show and custodes brake status; start the worker again once it may run"


class UseRefused(Refused):
    """The release's scope or a constraint does not permit this use."""

    hint: ClassVar[str] = "custodes release show prints the scope; to widen it is a new release"


class CannotEnforce(Refused):
    """A constraint in force holds something that this worker cannot enforce, so it denies."""

    hint: ClassVar[str] = "update the worker, or use one that knows this kind of rule"


class ConstraintsMismatch(VerificationError):
    """The constraints that were read do not fold to the ledger's head."""

    hint: ClassVar[str] = "an RPC withheld or changed a constraint: use another RPC, and find out why"


class UnlockTimedOut(Unavailable):
    """Too few oracles answered in time; the message says how many did and names the missing."""

    hint: ClassVar[str] = "see which oracles are up: custodes committee status; then ask again"


class UnsupportedModel(InvalidInput):
    """The sealed directory holds no model that this worker can run."""

    hint: ClassVar[str] = "seal a transformers directory of a causal language model with safetensors"


class BadReceipt(VerificationError):
    """A receipt is not what its worker signed, or does not follow its predecessor."""

    hint: ClassVar[str] = "do not rely on this inference: the receipt was changed or another worker made it"
