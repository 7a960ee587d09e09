"""What a random walk draws."""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass, field

from committee_duel import Duel
from governance.encoding.names import compute_constraint_id, compute_organisation_id, make_jurisdiction, make_short_name
from governance.spec.proposals import OPEN_STATES
from governance.types import (
    ZERO_HASH,
    Action,
    ActionKind,
    AddConstraint,
    Address,
    AmendConstraint,
    ChamberNumber,
    ChangeSeats,
    ConfirmStop,
    Direction,
    FormCommittee,
    GrantRelease,
    IdentityRequest,
    Mode,
    ModelId,
    NameSuccessor,
    OracleMember,
    Parameters,
    ParameterSetting,
    PinnedCode,
    ProposalId,
    Reclassify,
    RegisterModel,
    ReleaseId,
    RenewRelease,
    ReplaceSeat,
    ReportId,
    Resume,
    RetireConstraint,
    RevokeRelease,
    SeatNumber,
    SetParameter,
    SetParameters,
    StopId,
    SuspendSeat,
    Timestamp,
    WorkerGrant,
)
from spec_charter import DAY, PARAMETERS, STRANGER, WORKER, address_of, label
from spec_world import World
from walk_accounts import account_of, grant_of, secret_of

NAMES = ("no weapons", "short answers", "")
KEYS = (make_short_name("max_output_tokens"), make_short_name("min_reviewers"), make_short_name("unknown"))


@dataclass
class Draws:
    """Dice over the system as it stands: who acts, on what, and which action. Half of what is drawn makes sense."""

    duel: Duel
    dice: random.Random
    secrets: dict[Address, bytes] = field(default_factory=dict)
    names: int = 20

    def __post_init__(self) -> None:
        for organisation in range(15):
            for role in ("voting", "recovery"):
                self.secrets[account_of(role, organisation)] = secret_of(role, organisation)

    @property
    def world(self) -> World:
        return self.duel.world

    # --- who and what

    def anybody(self) -> Address:
        """Mostly a live seat's key, sometimes somebody else's."""
        number = SeatNumber(self.dice.randrange(18))
        seat = self.world.state.seats.get_seat(number)
        if self.dice.random() < 0.06:
            return self.dice.choice([STRANGER, WORKER, seat.recovery_key if int(seat.recovery_key, 16) else STRANGER])
        return seat.voting_key if seat.voting_key in self.secrets else self.world.key(0)

    def some_proposal(self) -> ProposalId:
        """Mostly one that is open."""
        proposals = self.world.state.council.proposals
        still_open = [one for one in proposals if self.world.state_of(one) in OPEN_STATES]
        if still_open and self.chance(0.85):
            return self.dice.choice(still_open)
        known = list(proposals)[-5:]
        return self.dice.choice(known) if known and self.chance(0.95) else ProposalId(self.dice.getrandbits(256))

    def chance(self, odds: float) -> bool:
        return self.dice.random() < odds

    # --- actions, half of which make sense

    def some_release(self) -> ReleaseId:
        return self.dice.choice([*self.world.state.releases.releases, ReleaseId(label("no release"))])

    def some_model(self) -> ModelId:
        return self.dice.choice([*self.world.state.releases.models, ModelId(label("no model"))])

    def some_stop(self) -> StopId:
        return StopId(self.dice.randrange(len(self.world.state.brake.stops) + 2))

    def some_report(self) -> ReportId:
        known = len(self.world.state.brake.incidents)
        return ReportId(self.dice.choice([known, known, self.dice.randrange(known + 2)]))

    def some_expiry(self) -> Timestamp:
        return Timestamp(self.world.now + self.dice.choice([-1, 0, 1, 40 * DAY, 80 * DAY, 90 * DAY, 90 * DAY + 1]))

    def action(self, kind: ActionKind) -> Action:
        state, dice = self.world.state, self.dice
        name = dice.choice([NAMES[0], *NAMES])
        identifier = compute_constraint_id(name) if name else compute_constraint_id("other")
        record = state.constraints.constraints.get(identifier)
        parent = label("stale") if record is None or self.chance(0.05) else record.version
        value = dice.choice([-5, 0, 49, 50, 51, 99, 100, 101])
        expiry = Timestamp(dice.choice([0, 0, 0, self.some_expiry(), self.world.now + 300 * DAY]))
        document = dice.choice([b"{}", b"[]", b'{"a":1}', b"", bytes(PARAMETERS.document_bytes + 1)])
        match kind:
            case ActionKind.ADD_CONSTRAINT:
                settings = tuple(
                    ParameterSetting(dice.choice(KEYS[:2]), dice.choice([Direction.MAX, Direction.MIN]), value)
                    for _ in range(dice.randrange(3))
                )
                return AddConstraint(name, expiry, settings, document)
            case ActionKind.TIGHTEN_PARAMETER | ActionKind.LOOSEN_PARAMETER:
                return SetParameter(identifier, parent, dice.choice(KEYS), value)
            case ActionKind.AMEND_TIGHTER | ActionKind.AMEND_LOOSER:
                return AmendConstraint(identifier, parent, expiry, document)
            case ActionKind.RETIRE_CONSTRAINT:
                return RetireConstraint(identifier, parent if self.chance(0.3) else label("stale"))
            case ActionKind.REVOKE_RELEASE:
                return RevokeRelease(self.some_release(), "misuse")
            case ActionKind.RENEW_RELEASE:
                known = state.releases.releases.get(release := self.some_release())
                extended = self.world.now if known is None else known.expires_at + 1
                return RenewRelease(release, dice.choice([self.some_expiry(), Timestamp(extended)]))
            case ActionKind.CONFIRM_STOP:
                return ConfirmStop(self.some_stop())
            case ActionKind.RESUME:
                return Resume(tuple(self.some_stop() for _ in range(dice.choice([0, 1, 1, 2, 33]))))
            case ActionKind.SUSPEND_SEAT:
                return SuspendSeat(SeatNumber(dice.randrange(20)), label("evidence"))
            case ActionKind.REGISTER_MODEL:
                return self.model()
            case ActionKind.GRANT_RELEASE:
                return self.release()
            case ActionKind.CHANGE_SEATS:
                return self.batch()
            case ActionKind.FORM_COMMITTEE:
                return self.committee()
            case ActionKind.NAME_SUCCESSOR:  # none that could pass: a successor ends every walk
                own = dice.choice([self.world.state.system.seats, self.world.state.system.brake])
                return NameSuccessor((PinnedCode(own, label("code")),) * dice.choice([0, 1, 16, 17]))
            case ActionKind.RECLASSIFY:
                place = make_jurisdiction(dice.choice(["DE", "US", "JP"]))
                affiliation = label("group", dice.randrange(18))
                seat = SeatNumber(dice.randrange(18))
                return Reclassify(seat, place, affiliation, make_short_name("rights"), label("evidence"))
            case ActionKind.REPLACE_SEAT:
                return ReplaceSeat(SeatNumber(dice.randrange(18)), grant_of(90 + dice.randrange(9), dice.randrange(3)))
            case _:
                return SetParameters(self.parameters())

    def model(self) -> RegisterModel:
        dice = self.dice
        parties = [IdentityRequest(Mode.MPC, party) for party in range(dice.randrange(3))]
        plain = [IdentityRequest(dice.choice([Mode.PLAIN, Mode.EVAL, Mode.NONE]), dice.choice([0, 0, 0, 1]))]
        nonce = dice.randrange(12)
        return RegisterModel(
            registrar=WORKER,
            seal_nonce=nonce,
            parent_model=dice.choice([ModelId(ZERO_HASH), ModelId(ZERO_HASH), self.some_model()]),
            manifest_hash=dice.choice([label("manifest"), label("manifest"), ZERO_HASH]),
            content_root=label("root", nonce),
            key_commitment=label("commitment", dice.choice([nonce, nonce, nonce, 3])),
            committee_key_hash=dice.choice([self.world.state.committee.key_hash] * 9 + [label("other key")]),
            identities=tuple(plain + parties),
            name="model",
        )

    def release(self) -> GrantRelease:
        dice = self.dice
        workers = tuple(
            WorkerGrant(dice.choice([WORKER, STRANGER, address_of("w")]), dice.choice([0, 0, 0, 1, 2]), organisation)
            for organisation in dice.choices(
                ["org-0", "org-1", "org-7", "org-8", "nobody"], k=dice.choice([1, 1, 2, 0])
            )
        )
        mode = dice.choice([Mode.PLAIN, Mode.PLAIN, Mode.EVAL, Mode.MPC])
        return GrantRelease(self.some_model(), mode, self.some_expiry(), workers, dice.choice([b"{}", b"{}", b""]))

    def batch(self) -> ChangeSeats:
        dice = self.dice
        removals = tuple(SeatNumber(dice.randrange(18)) for _ in range(dice.choice([0, 1, 1, 2])))
        grants = []
        for _ in range(dice.choice([0, 1, 1, 2])):
            self.names += 1
            grant = grant_of(self.names, dice.randrange(3), dice.choice(["DE", "US", "PL", "NO", "SE", "BR"]))
            for role in ("voting", "recovery"):
                self.secrets[account_of(role, self.names)] = secret_of(role, self.names)
            spoiled = dice.choice(
                [{}] * 6
                + [
                    {"organisation": "org-3"},
                    {"affiliation": label("group", 2)},
                    {"voting_key": self.world.key(1)},
                    {"chamber": ChamberNumber(3)},
                    {"jurisdiction": make_jurisdiction("JP"), "recovery_key": account_of("voting", self.names)},
                ]
            )
            grants.append(dataclasses.replace(grant, **spoiled))  # type: ignore[arg-type]
        return ChangeSeats(removals, tuple(grants))

    def committee(self) -> FormCommittee:
        dice = self.dice
        seats = dice.sample(range(16), dice.choice([3, 4, 5, 5]))
        members = tuple(
            OracleMember(
                compute_organisation_id(f"org-{seat}"), address_of("oracle", seat // dice.choice([1, 1, 1, 2]))
            )
            for seat in seats
        )
        return FormCommittee(dice.choice([1, 2, 2, 3]), dice.choice([0, 1]), members)

    def parameters(self) -> Parameters:
        dice, current = self.dice, self.world.state.parameters
        changes = {
            dice.choice(["grace", "pull_window", "brake_term", "cooldown", "objection_window", "document_bytes"]):
            dice.choice([0, 1, 20 * DAY, 40 * DAY, 50 * DAY, 500 * DAY])
        }  # fmt: skip
        if self.chance(0.2):
            changes = {"late_window": dice.choice([0, 1, DAY, 2 * DAY, 3 * DAY, 100 * DAY])}
        tier = dice.randrange(4)
        change = dice.choice(
            [
                {"chamber_num": dice.randrange(4)},
                {"chamber_strict": True},
                {"overall_den": dice.randrange(1, 8)},
                {"chambers_required": dice.randrange(5)},
                {"timelock": dice.choice([0, 10 * DAY, 20 * DAY])},
                {"period": dice.choice([0, DAY, 12 * DAY])},
                {},
                {},
            ]
        )
        tiers = list(current.tiers)
        tiers[tier] = dataclasses.replace(tiers[tier], **change)  # type: ignore[arg-type]
        return dataclasses.replace(current, tiers=tuple(tiers), **(changes if self.chance(0.6) else {}))  # type: ignore[arg-type]
