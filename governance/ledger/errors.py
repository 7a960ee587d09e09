"""What can go wrong with the ledger: it refuses, it is another one than we think, or a key is not at hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from governance.errors import InvalidInput, Refused, Unavailable, VerificationError


class LedgerRefused(Refused):
    """A contract refuses, by a rule: `error` is its custom error's name, `arguments` what it was given."""

    hint: ClassVar[str] = "custodes explain RULE says what the rule is for; custodes proposal show ID what is missing"

    def __init__(
        self,
        message: str,
        *,
        error: str,
        arguments: Mapping[str, object] | None = None,
        rule: str | None = None,
        contract: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.error = error
        self.contract = contract
        self.arguments: dict[str, object] = dict(arguments or {})
        details = {"error": error, "contract": contract, "arguments": {k: _shown(v) for k, v in self.arguments.items()}}
        super().__init__(message, rule=rule, details=details, hint=hint)


class DeploymentMismatch(VerificationError):
    """What stands on the chain is not what deployment.json says."""

    hint: ClassVar[str] = (
        "do not sign: ask another member for the deployment.json of this consortium, or correct the RPC URL"
    )


class BadDeployment(InvalidInput):
    """deployment.json is missing, or is not one."""

    hint: ClassVar[str] = "name it with --deployment or CUSTODES_DEPLOYMENT; custodes charter deploy writes one"


class BadArtifact(VerificationError):
    """An installed contract artifact is missing, or was changed."""

    hint: ClassVar[str] = "install custodes again; in the repository: scripts/compile"


class TransactionPending(Unavailable):
    """The transaction was sent and is not in a block yet."""

    hint: ClassVar[str] = (
        "it may still be mined: look at its hash before you send it again (custodes doctor: is the chain alive?)"
    )


class TransactionRejected(Unavailable):
    """The node does not take the transaction: no funds, or another transaction of this account is in the way."""

    hint: ClassVar[str] = (
        "does the account hold ether for gas (custodes devnet fund), and does no other process use it?"
    )


class BadKey(InvalidInput):
    """A key file is missing, ambiguous, or is not one."""

    hint: ClassVar[str] = "custodes keys list shows what there is; custodes keys new makes one"


class WrongPassword(InvalidInput):
    """The password does not open the key file."""

    hint: ClassVar[str] = "give the password by --password-file or at the prompt"


class UnknownName(InvalidInput):
    """No organisation, model, constraint, proposal or seat is called that, or more than one is."""

    hint: ClassVar[str] = "names are exact; seat list, proposal list and constraint show name them all"


def _shown(value: object) -> object:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return str(value)  # beyond what every JSON reader keeps
    return value
