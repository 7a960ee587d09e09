"""The contracts' enums, number for number. The numbers are hashed and stored: never reorder, only append."""

from __future__ import annotations

from enum import IntEnum


class ActionKind(IntEnum):
    """Every typed effect that a vote can have; the number is part of the action hash."""

    NONE = 0
    ADD_CONSTRAINT = 1
    TIGHTEN_PARAMETER = 2
    AMEND_TIGHTER = 3
    REVOKE_RELEASE = 4
    CONFIRM_STOP = 5
    SUSPEND_SEAT = 6
    REGISTER_MODEL = 7
    GRANT_RELEASE = 8
    RENEW_RELEASE = 9
    LOOSEN_PARAMETER = 10
    AMEND_LOOSER = 11
    RETIRE_CONSTRAINT = 12
    RESUME = 13
    CHANGE_SEATS = 14
    FORM_COMMITTEE = 15
    SET_PARAMETERS = 16
    NAME_SUCCESSOR = 17
    RECLASSIFY = 18
    REPLACE_SEAT = 19


class Direction(IntEnum):
    """Which way a numeric limit is tight."""

    NONE = 0
    MAX = 1  # an upper bound: smaller is tighter
    MIN = 2  # a lower bound: larger is tighter


class Mode(IntEnum):
    """What an identity is for; NONE is never valid."""

    NONE = 0
    PLAIN = 1
    EVAL = 2
    MPC = 3


class KeyKind(IntEnum):
    """How a seat signs, fixed at grant."""

    NONE = 0
    EOA = 1
    ERC1271 = 2


class ProposalState(IntEnum):
    """OpenZeppelin's order. QUEUED waits for its eta, SUCCEEDED may be executed now."""

    PENDING = 0
    ACTIVE = 1
    CANCELED = 2
    DEFEATED = 3
    SUCCEEDED = 4
    QUEUED = 5
    EXPIRED = 6
    EXECUTED = 7


class Support(IntEnum):
    """What a ballot says, in OpenZeppelin's order."""

    AGAINST = 0
    FOR = 1
    ABSTAIN = 2


class Choice(IntEnum):
    """What the ballot word holds for a seat: support + 1, so that no ballot is zero."""

    NONE = 0
    AGAINST = 1
    FOR = 2
    ABSTAIN = 3


class Standing(IntEnum):
    """Of a seat."""

    NONE = 0  # never granted, or removed
    LIVE = 1
    SUSPENDED = 2


class StopStatus(IntEnum):
    NONE = 0
    STANDING = 1
    CONFIRMED = 2  # standing, and never lapses
    RESUMED = 3
    LAPSED = 4


class ReleaseStatus(IntEnum):
    NONE = 0  # a zero from a wrong slot must never read as permission
    ALIVE = 1
    REVOKED = 2


class Releasability(IntEnum):
    """Why a worker may not unlock, or RELEASABLE."""

    UNKNOWN_RELEASE = 0
    RELEASABLE = 1
    EXPIRED = 2
    REVOKED = 3
    STOPPED = 4  # a stop stands
    BARRED = 5  # a stop lapsed after this release, or the system has a successor: for ever
    WORKER_NOT_NAMED = 6


class ConstraintStatus(IntEnum):
    NONE = 0
    IN_FORCE = 1
    RETIRED = 2


class Phase(IntEnum):
    """Of a committee's epoch."""

    NONE = 0
    REGISTERING = 1
    DEALING = 2
    SETTLING = 3  # the dealings are to be summed
    ACKNOWLEDGING = 4  # each member acknowledges its share, or complains
    ANSWERING = 5  # the accused reveal the disputed shares
    CONFIRMING = 6  # the rest acknowledge
    IN_FORCE = 7
    ABORTED = 8
    SUPERSEDED = 9


class Fault(IntEnum):
    """Why a dealer is disqualified."""

    NONE = 0
    MANY_COMPLAINTS = 1  # t or more
    WRONG_SHARE = 2  # what it revealed does not lie on its polynomial
    SILENT = 3  # it did not answer in time


class Tier(IntEnum):
    """The class of a proposal, fixed by its action. 0 is the brake, which needs no vote."""

    BRAKE = 0
    TIGHTEN = 1
    RELEASE = 2
    LOOSEN = 3
    CONSTITUTE = 4
