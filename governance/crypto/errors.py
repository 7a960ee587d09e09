"""What can go wrong in the committee's cryptography; no message ever holds a secret."""

from __future__ import annotations

from typing import ClassVar

from governance.errors import InvalidInput, Unavailable, VerificationError


class InvalidPoint(InvalidInput):
    """Bytes are not the one canonical encoding of a usable group element."""

    hint: ClassVar[str] = "points are canonical, on the curve, in the prime-order subgroup, and not the identity"


class InvalidScalar(InvalidInput):
    """Bytes are not the canonical encoding of an integer modulo the group order, or it is zero where it must not be."""

    hint: ClassVar[str] = "a scalar is 32 bytes, big endian, below the group order"


class InvalidCommittee(InvalidInput):
    """Threshold and member indices do not make a committee."""

    hint: ClassVar[str] = "2 <= t, n >= 2t - 1, n <= 31, distinct indices in 1..65535"


class WrongDealing(VerificationError):
    """A dealer's commitments are not what its epoch needs: wrong number, an identity point, or another constant."""

    hint: ClassVar[str] = "disqualify this dealer; a dealing commits to exactly t points, none the identity"


class WrongPossession(VerificationError):
    """A proof of possession does not verify under its public key, for this chain, contract, epoch and index."""

    hint: ClassVar[str] = "the sender does not hold the secret, or signed for another epoch: do not count it"


class WrongShare(VerificationError):
    """A dealt share does not lie on the polynomial that its dealer committed to."""

    hint: ClassVar[str] = "complain about this dealer before the complaint window closes"


class EnvelopeRefused(VerificationError):
    """An envelope does not open for this recipient of this dealing, or its key cannot be used."""

    hint: ClassVar[str] = "complain about this dealer: what it posted is not a share for this member"


class WrongTransportKey(VerificationError):
    """Nobody has proven, for this unlock request, to know the secret behind its transport key."""

    hint: ClassVar[str] = "never answer this request: an answer could open another identity"


class WrongPartial(VerificationError):
    """A partial is not its member's key share applied to the request's transport key."""

    hint: ClassVar[str] = "leave this member's partial out; it is evidence against its oracle"


class DuplicatePartial(InvalidInput):
    """One member appears twice among the partials that are to be combined."""

    hint: ClassVar[str] = "count each member once"


class MixedEpochs(InvalidInput):
    """Partials of different epochs were to be combined; their shares lie on different polynomials."""

    hint: ClassVar[str] = "use partials of the epoch that the unlock request pins, and of no other"


class ThresholdNotMet(Unavailable):
    """Fewer answers than the threshold are there."""

    hint: ClassVar[str] = "see which oracles are up: custodes committee status"


class WrongIdentityKey(VerificationError):
    """What was combined is not the identity key under the committee's public key."""

    hint: ClassVar[str] = "verify each partial against its member's public key share, then combine again"


class UnwrapFailed(VerificationError):
    """A wrapped data key did not open. One error for every cause, so that none can be told from another."""

    hint: ClassVar[str] = "the wrapped key, the identity key or the context is not the one it was sealed with"
