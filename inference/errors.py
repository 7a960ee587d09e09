"""What can go wrong in a worker; no message ever holds a key or a prompt."""

from __future__ import annotations

from typing import ClassVar

from governance.errors import InvalidInput, Refused, Unavailable, VerificationError


class WorkerDark(Refused):
    """The worker holds no weights, by a rule, and says why."""

    hint: ClassVar[str] = "see custodes release show and custodes brake status; start the worker again once it may run"


class UseRefused(Refused):
    """The release's scope or a constraint does not permit this use."""

    hint: ClassVar[str] = "custodes release show prints the scope; to widen it is a new release"


class CannotEnforce(Refused):
    """A constraint in force holds something that this worker cannot enforce, so it denies."""

    hint: ClassVar[str] = "update the worker, or use one that knows this kind of rule"


class ConstraintsMismatch(VerificationError):
    """What an RPC says of scope or constraints does not hash to what the ledger is proven to hold."""

    hint: ClassVar[str] = "an RPC withheld or changed a document: use another RPC, and find out why"


class NotRegistered(VerificationError):
    """The ledger has no such model, or it is another one than the sealed directory says."""

    hint: ClassVar[str] = "propose it with custodes model register DIR, or get the directory again from its publisher"


class WrongCommittee(VerificationError):
    """The committee's key is not the one that is proven to be in force, or not the one that a model was sealed to."""

    hint: ClassVar[str] = "compare with another node; a model of a committee that is gone must be sealed again"


class OtherSealing(InvalidInput):
    """What lies unfinished beside the output was begun for another committee, registrar, name or set of identities."""

    hint: ClassVar[str] = "seal as it was begun, choose another output, or remove the unfinished directory"


class WrongSealingPassword(InvalidInput):
    """The password does not open the unfinished sealing."""

    hint: ClassVar[str] = "give the one that it was begun with, by --password-file or at the prompt; nothing was lost"


class SealingGoesOn(Unavailable):
    """Another process seals to the same output."""

    hint: ClassVar[str] = "wait for it, or end it; what it finished stays"


class BadReceipt(VerificationError):
    """A receipt is not what its worker signed, or receipts are missing from their chain."""

    hint: ClassVar[str] = "do not rely on it: the receipt was changed, or receipts were taken out of the log"


class NotAnchored(Unavailable):
    """A receipt is signed, and not under a root on the chain yet, or comes without the path to it."""

    hint: ClassVar[str] = (
        "once its worker has anchored it, custodes worker receipt FILE --url ... writes the path into it"
    )


class NoCommitteeKey(Unavailable):
    """There is no committee in force to seal to."""

    hint: ClassVar[str] = "see custodes committee status; a committee is formed by a vote and its own key generation"


class DoubtfulProof(Unavailable):
    """A node gave a proof that does not verify: neither a permission nor a stop was shown."""

    hint: ClassVar[str] = "ask again; if it stays so, the node lies or is broken: use another"


class NotFinalYet(Unavailable):
    """The release is on the chain, but its block did not become final in time."""

    hint: ClassVar[str] = "ask again in a few blocks; custodes doctor says whether the chain moves"


class UnlockTimedOut(Unavailable):
    """Too few oracles answered in time; the message says how many did and names the missing."""

    hint: ClassVar[str] = "see which oracles are up: custodes committee status; then ask again"


class WorkerBusy(Unavailable):
    """Another worker process has this release's receipts open, or a running one has too much to do."""

    hint: ClassVar[str] = "one process serves a release under a key: ask the one that runs, or end it first"


class WorkerNotReady(Unavailable):
    """The worker waits for its unlock, and the message says for what."""

    hint: ClassVar[str] = "custodes worker status --wait returns as soon as it serves"


class CallerGone(Unavailable):
    """Whoever asked is not there any more; nothing was made for nobody."""

    hint: ClassVar[str] = "ask again, and keep the connection open until the answer has come"


class RequestTooSlow(Unavailable):
    """A request's body did not arrive in time."""

    hint: ClassVar[str] = "send the whole body at once; a worker does not hold a place for one that trickles"


class WorkerUnreachable(Unavailable):
    """No worker answers at that URL."""

    hint: ClassVar[str] = "start one with custodes worker serve; it prints its URL"


class UnsupportedModel(InvalidInput):
    """The sealed directory holds no model that this worker can run."""

    hint: ClassVar[str] = (
        "seal a transformers directory of a causal language model or a sentence encoder, with safetensors"
    )


class BadRequest(InvalidInput):
    """A question is malformed, or longer than the model can read."""

    hint: ClassVar[str] = "the body is that of OpenAI's API; inference/README.md says what is taken of it"


class WrongKind(InvalidInput):
    """The worker serves no such model, or one that cannot do what this path is for."""

    hint: ClassVar[str] = "ask /v1/models for the one model that this worker serves, and use the path that fits it"


class RequestTooLarge(InvalidInput):
    """A request has more bytes, or more inputs, than the worker takes at a time."""

    hint: ClassVar[str] = "send less at a time"


class BadToken(InvalidInput):
    """The token file is missing, open to others, or holds another token than the worker's."""

    hint: ClassVar[str] = "give the file that custodes worker serve --token-file wrote, readable by its owner alone"


class BadCertificate(InvalidInput):
    """The files for TLS cannot be read, or do not belong together."""

    hint: ClassVar[str] = "--tls-cert takes the certificate with its chain in PEM, --tls-key its key without a password"


class CannotListen(InvalidInput):
    """The address is not one to listen on."""

    hint: ClassVar[str] = "choose a free port, or --port 0 for any; --host is an IP address of this machine"
