// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ISeats} from "../../src/interfaces/ISeats.sol";
import {
    ActionKind,
    AddConstraint,
    AmendConstraint,
    ChangeSeats,
    ParameterSetting,
    SeatGrant,
    SuspendSeat
} from "../../src/types/Actions.sol";
import {Parameters, TierRule} from "../../src/types/Parameters.sol";
import {Proposal, ProposalState, QuorumState, SignedBallot} from "../../src/types/Proposals.sol";
import {System} from "../../src/types/System.sol";
import {Charter} from "../Charter.sol";
import {Test} from "../Test.sol";

/// @dev Members, strangers and time do whatever they like; every call that must be refused is required to be. Beside the
/// contracts it keeps its own, slow account of every ballot.
contract CouncilHandler is Test {
    struct Case {
        ActionKind kind;
        bytes action;
        bytes32 frozen; // hash of what must never change
        ProposalState last; // as seen after the previous call
        uint256 escalations;
        uint256 executions;
        uint256 createdAt;
        uint256 closesAt;
        uint256 lateWindow; // as its kind and the parameters of its creation have it
        uint256[3] extensions; // by round
        uint64 vetoes;
        bool vetoed;
    }

    struct Ballot {
        uint8 choice;
        uint8 count;
    }

    ISeats public immutable SEATS;
    ICouncil public immutable COUNCIL;
    IConstraints public immutable CONSTRAINTS;

    uint256[] public ids;
    mapping(uint256 id => Case) internal cases;
    mapping(uint256 id => mapping(uint8 round => mapping(uint8 seat => Ballot))) public ballots;
    bytes32[] public parameterHashes; // of version i + 1
    uint256[64] internal secrets; // voting key of each seat
    uint256[64] internal guardians;
    bytes[] internal spent; // calls of castSignedVote that were accepted once

    bytes32[] internal inForce; // constraints

    uint256 public organisations = Charter.SEATS; // seen so far
    uint256 public names;
    uint256 public rotations;
    mapping(string what => uint256) public count;

    // What must never happen, judged during the call: the invariants of these numbers say which.
    uint256 public undue; // executions that the slow count forbids
    uint256 public illegal; // transitions
    uint256 public admitted; // strangers
    uint256 public replays; // that were accepted

    constructor(System memory sys) {
        SEATS = ISeats(sys.seats);
        COUNCIL = ICouncil(sys.council);
        CONSTRAINTS = IConstraints(sys.constraints);
        for (uint256 i; i < Charter.SEATS; ++i) {
            (secrets[i], guardians[i]) = (Charter.votingSecret(i), Charter.recoverySecret(i));
        }
        parameterHashes.push(keccak256(abi.encode(Charter.parameters())));
    }

    // --- what members do

    function propose(uint256 seatSeed, uint256 what) external observed {
        uint8 seat = liveSeat(seatSeed);
        (ActionKind kind, bytes memory action) = actionOf(what);
        vm.prank(keyOf(seat));
        try COUNCIL.propose(kind, action, "because") returns (uint256 id) {
            ids.push(id);
            Case storage c = cases[id];
            (c.kind, c.action) = (kind, action);
            c.frozen = frozenOf(id);
            c.createdAt = nowAt();
            c.closesAt = COUNCIL.proposalDeadline(id);
            (, Parameters memory params) = COUNCIL.parameters();
            if (kind != ActionKind.AddConstraint) c.lateWindow = params.lateWindow;
            ++count["proposed"];
            if (what >> 128 & 1 == 0) carryAll(id, uint64(what >> 160));
        } catch {}
    }

    function castVote(uint256 which, uint256 seatSeed, uint8 support) external observed {
        if (ids.length == 0) return;
        cast(idOf(which), liveSeat(seatSeed), support % 3);
    }

    /// @dev Most of what is proposed is carried: otherwise no deep state is ever reached.
    function carry(uint256 which, uint64 absent) external observed {
        if (ids.length == 0) return;
        carryAll(idOf(which), absent);
    }

    function castSignedVote(uint256 which, uint256 seatSeed, uint8 support, address relayer) external observed {
        if (ids.length == 0) return;
        uint256 id = idOf(which);
        uint8 seat = liveSeat(seatSeed);
        support %= 3;
        (, uint8 round, uint8 counted) = COUNCIL.ballotOf(id, seat);
        bytes memory call = signedCall(id, seat, support, round, counted);
        vm.prank(relayer);
        bool passed = !isLate(id) || isPassing(id);
        (bool ok,) = address(COUNCIL).call(call);
        if (!ok) return;
        note(id, seat, support, passed);
        spent.push(call);
        ++count["signed"];
    }

    /// @dev Invariant 17, by the slow account: ballots of some seats, each as if it had come alone.
    function castSignedVotes(uint256 which, uint256 seed, address relayer) external observed {
        if (ids.length == 0) return;
        uint256 id = idOf(which);
        uint8[] memory seats = new uint8[](1 + seed % 6);
        SignedBallot[] memory batch = new SignedBallot[](seats.length);
        for (uint256 i; i < seats.length; ++i) {
            seats[i] = liveSeat(uint256(keccak256(abi.encode(seed, i))));
            batch[i] = signedBallot(id, seats[i], uint8(seed >> 8 * i) % 3);
        }
        vm.prank(relayer);
        try COUNCIL.castSignedVotes(id, batch) returns (uint256 counted) {
            uint256 expected;
            for (uint256 i; i < seats.length; ++i) {
                bool eligible = COUNCIL.getProposal(id).eligible >> seats[i] & 1 == 1;
                Ballot memory before = ballots[id][cases[id].escalations == 0 ? 1 : 2][seats[i]];
                if (!eligible || before.count == 3 || before.count != batch[i].count) continue;
                note(id, seats[i], batch[i].support, !isLate(id) || isPassing(id));
                ++expected;
            }
            assertEq(counted, expected, "counted");
            ++count["batches"];
        } catch {}
    }

    /// @dev Some seats of one chamber.
    function veto(uint256 which, uint256 seed) external observed {
        if (ids.length == 0 || seed % 4 != 0) return;
        uint256 id = idOf(which);
        uint256 chamber = seed / 4 % 3;
        for (uint8 seat; seat < 64; ++seat) {
            ISeats.Seat memory s = SEATS.getSeat(seat);
            if (s.standing != ISeats.Standing.Live || s.chamber != chamber || seed >> seat & 3 == 0) continue;
            vm.prank(keyOf(seat));
            try COUNCIL.veto(id, "") {
                noteVeto(id, seat, chamber);
            } catch {}
        }
    }

    function object(uint256 which, uint256 seatSeed) external observed {
        if (ids.length == 0 || seatSeed % 3 != 0) return;
        uint256 id = idOf(which);
        for (uint256 i; i < 8 && cases[id].kind != ActionKind.AmendTighter; ++i) {
            id = idOf(which % 8 + i);
        }
        vm.prank(keyOf(liveSeat(seatSeed)));
        try COUNCIL.object(id, keccak256("counterexample"), "") {
            ++cases[id].escalations;
            cases[id].closesAt = COUNCIL.proposalDeadline(id);
            ++count["escalated"];
        } catch {}
    }

    function cancel(uint256 which) external observed {
        if (ids.length == 0 || which % 2 != 0) return;
        uint256 id = idOf(which / 2);
        vm.prank(keyOf(COUNCIL.getProposal(id).proposerSeat));
        try COUNCIL.cancel(id) {
            ++count["cancelled"];
        } catch {}
    }

    function execute(uint256 which) external observed {
        if (ids.length == 0) return;
        uint256 id = idOf(which);
        for (uint256 i; i < 8 && cases[id].last != ProposalState.Succeeded; ++i) {
            id = idOf(which % 8 + i);
        }
        Case storage c = cases[id];
        bool due = isDue(id);
        try COUNCIL.execute(id, c.kind, c.action) {
            // Invariant 5, by the slow count, before anything that this execution changed.
            if (!due) ++undue;
            ++c.executions;
            ++count["executed"];
            ++count[kindName(c.kind)];
            if (c.kind == ActionKind.AddConstraint) {
                inForce.push(keccak256(bytes(abi.decode(c.action, (AddConstraint)).name)));
            }
            if (c.kind == ActionKind.SetParameters) parameterHashes.push(keccak256(c.action));
            if (c.kind == ActionKind.ChangeSeats) learnSeats(abi.decode(c.action, (ChangeSeats)));
        } catch {}
    }

    function recoverKey(uint256 seatSeed) external observed {
        uint8 seat = liveSeat(seatSeed);
        uint256 next = uint256(keccak256(abi.encode("rotated", ++rotations))) >> 1;
        bytes memory possession = signature(next, SEATS.rotationDigest(seat, vm.addr(next)));
        vm.prank(vm.addr(guardians[seat]));
        SEATS.recoverKey(seat, vm.addr(next), possession);
        secrets[seat] = next;
        ++count["rotated"];
    }

    function wait(uint256 time) external observed {
        skip(bound(time, 1, 5 days));
    }

    /// @dev To the next moment at which something happens to a proposal, or the second after it.
    function waitForNext(bool after_) external observed {
        uint256 next = type(uint256).max;
        for (uint256 i; i < ids.length && i < 8; ++i) {
            uint256 id = idOf(i);
            uint256 eta = COUNCIL.proposalEta(id);
            next = sooner(next, COUNCIL.proposalDeadline(id));
            next = sooner(next, COUNCIL.proposalDeadline(id) - COUNCIL.getProposal(id).lateWindow);
            next = sooner(next, eta);
            next = sooner(next, eta + COUNCIL.parametersAt(COUNCIL.getProposal(id).parametersVersion).grace);
        }
        if (next != type(uint256).max) vm.warp(after_ ? next + 1 : next);
    }

    // --- what must never work

    /// @dev Invariant 16, for the deployer and everybody else.
    function stranger(address account, uint256 which, uint256 what) external observed {
        (, ISeats.Standing standing) = SEATS.seatOf(account);
        if (standing != ISeats.Standing.None || ids.length == 0) return;
        uint256 id = idOf(which);
        bytes[6] memory calls = [
            abi.encodeCall(COUNCIL.propose, (ActionKind.AddConstraint, addition(), "")),
            abi.encodeCall(COUNCIL.castVote, (id, 1)),
            abi.encodeCall(COUNCIL.object, (id, 0, "")),
            abi.encodeCall(COUNCIL.cancel, (id)),
            abi.encodeCall(COUNCIL.castSignedVote, (id, 1, account, 1, 0, "", new bytes(65))),
            abi.encodeCall(SEATS.startRotation, (address(this), new bytes(65)))
        ];
        what %= 6;
        vm.prank(account);
        (bool ok,) = (what == 5 ? address(SEATS) : address(COUNCIL)).call(calls[what]);
        if (ok) ++admitted;
    }

    /// @dev Invariant 18: nothing that was accepted once is accepted again, whatever happened since.
    function replay(uint256 which) external observed {
        if (spent.length == 0) return;
        (bool ok,) = address(COUNCIL).call(spent[which % spent.length]);
        if (ok) ++replays;
        ++count["replayed"];
    }

    // --- the slow account

    function caseOf(uint256 id) external view returns (Case memory) {
        return cases[id];
    }

    function idCount() external view returns (uint256) {
        return ids.length;
    }

    /// @dev Where the last eight begin: what is older is over, mostly, and judged when it was young.
    function recent() public view returns (uint256) {
        return ids.length < 8 ? 0 : ids.length - 8;
    }

    function versionCount() external view returns (uint256) {
        return parameterHashes.length;
    }

    /// @dev What no call may change: all of the proposal but its round, and what follows from that.
    function frozenOf(uint256 id) public view returns (bytes32) {
        Proposal memory p = COUNCIL.getProposal(id);
        return keccak256(
            abi.encode(
                p.eligible,
                p.createdAt,
                p.parametersVersion,
                p.rosterVersion,
                p.kind,
                p.proposerSeat,
                p.proposer,
                p.nonce,
                p.lateWindow,
                SEATS.chamberMasks(p.rosterVersion)
            )
        );
    }

    /// @dev Live yes by chamber and in all, seat by seat, from this contract's own account.
    function countYes(uint256 id) public view returns (uint256[4] memory yes, uint256[4] memory size) {
        Proposal memory p = COUNCIL.getProposal(id);
        uint256 masks = SEATS.chamberMasks(p.rosterVersion);
        for (uint8 seat; seat < 64; ++seat) {
            if (p.eligible >> seat & 1 == 0) continue;
            uint256 c;
            while (masks >> 64 * c + seat & 1 == 0) ++c;
            ++size[c];
            // A number is not given again while this proposal can be executed: a live seat that was there before.
            ISeats.Seat memory s = SEATS.getSeat(seat);
            bool same = s.standing == ISeats.Standing.Live && s.grantedAt <= p.createdAt;
            if (same && ballots[id][p.round][seat].choice == 2) ++yes[c];
        }
    }

    function isPassing(uint256 id) public view returns (bool) {
        (uint256[4] memory yes, uint256[4] memory size) = countYes(id);
        Proposal memory p = COUNCIL.getProposal(id);
        TierRule memory r = COUNCIL.parametersAt(p.parametersVersion).tiers[p.tier - 1];
        uint256 agreeing;
        uint256 chambers;
        uint256 allYes;
        uint256 all;
        for (uint256 c; c < 4; ++c) {
            if (size[c] == 0) continue;
            ++chambers;
            (allYes, all) = (allYes + yes[c], all + size[c]);
            if (reaches(yes[c], size[c], r.chamberNum, r.chamberDen, r.chamberStrict)) ++agreeing;
        }
        uint256 required = r.chambersRequired == 0 ? chambers : r.chambersRequired;
        return agreeing >= required && reaches(allYes, all, r.overallNum, r.overallDen, r.overallStrict);
    }

    // --- helpers

    modifier observed() {
        _;
        for (uint256 i = recent(); i < ids.length; ++i) {
            uint256 id = ids[i];
            ProposalState now_ = COUNCIL.state(id);
            ProposalState before = cases[id].last;
            if (now_ == before) continue;
            if (before != ProposalState.Pending && !isLegal(before, now_)) ++illegal; // invariant 7
            cases[id].last = now_;
        }
    }

    /// @dev The state machine as a table. Pending is never seen. Invariant 6: what is over stays over.
    function isLegal(ProposalState from, ProposalState to) public pure returns (bool) {
        if (from == ProposalState.Active) return to != ProposalState.Pending;
        if (from == ProposalState.Queued || from == ProposalState.Succeeded) {
            bool back = to == ProposalState.Queued || to == ProposalState.Canceled; // a veto comes before eta
            return to != ProposalState.Pending && !(from == ProposalState.Succeeded && back);
        }
        // Expired, and a seat that had said yes leaves: it would have been defeated. Over in either case.
        return from == ProposalState.Expired && to == ProposalState.Defeated;
    }

    function isDue(uint256 id) private view returns (bool) {
        Proposal memory p = COUNCIL.getProposal(id);
        Parameters memory params = COUNCIL.parametersAt(p.parametersVersion);
        Case storage c = cases[id];
        uint256 delay = params.tiers[p.tier - 1].timelock;
        if (c.kind == ActionKind.AmendTighter && c.escalations == 0 && delay < params.objectionWindow) {
            delay = params.objectionWindow;
        }
        uint256 eta = c.closesAt + delay;
        return nowAt() > c.closesAt && nowAt() >= eta && nowAt() <= eta + params.grace && c.executions == 0
            && c.last != ProposalState.Canceled && !c.vetoed && isPassing(id);
    }

    function carryAll(uint256 id, uint64 absent) private {
        uint64 live = SEATS.liveMask();
        for (uint8 seat; seat < 64; ++seat) {
            bool stays = uint256(keccak256(abi.encode(absent, seat))) % 32 == 0;
            if (live >> seat & 1 == 1 && !stays) cast(id, seat, 1);
        }
    }

    function cast(uint256 id, uint8 seat, uint8 support) private {
        bool passed = !isLate(id) || isPassing(id);
        vm.prank(keyOf(seat));
        try COUNCIL.castVote(id, support) {
            note(id, seat, support, passed);
            ++count["voted"];
        } catch {}
    }

    function sooner(uint256 a, uint256 b) private view returns (uint256) {
        return b > nowAt() && b < a ? b : a;
    }

    /// @dev More than half of the seats that the chamber had, all live.
    function noteVeto(uint256 id, uint8 seat, uint256 chamber) private {
        Case storage c = cases[id];
        assertTrue(!c.vetoed && c.vetoes >> seat & 1 == 0, "a veto too many");
        c.vetoes |= uint64(1) << seat;
        ++count["vetoed"];
        uint64 members = uint64(SEATS.chamberMasks(COUNCIL.getProposal(id).rosterVersion) >> 64 * chamber);
        uint256 size;
        uint256 vetoing;
        for (uint8 other; other < 64; ++other) {
            if (members >> other & 1 == 0) continue;
            ++size;
            if ((c.vetoes & SEATS.liveMask()) >> other & 1 == 1) ++vetoing;
        }
        c.vetoed = 2 * vetoing > size;
        assertEq(COUNCIL.state(id) == ProposalState.Canceled, c.vetoed, "vetoed");
        if (c.vetoed) ++count["ended by a veto"];
    }

    /// @dev Whether a ballot now is one that could extend the round.
    function isLate(uint256 id) private view returns (bool) {
        Case storage c = cases[id];
        return nowAt() + c.lateWindow > c.closesAt && c.extensions[c.escalations + 1] == 0;
    }

    /// @dev Invariant 19, by the slow count: the ballot that turns failing into passing in the last part of a round.
    function noteExtension(uint256 id, bool passed) private {
        Case storage c = cases[id];
        if (!passed && isPassing(id)) {
            c.closesAt = nowAt() + c.lateWindow;
            ++c.extensions[c.escalations + 1];
            ++count["extended"];
        }
    }

    function note(uint256 id, uint8 seat, uint8 support, bool passed) private {
        Ballot storage b = ballots[id][cases[id].escalations == 0 ? 1 : 2][seat];
        b.choice = support + 1;
        ++b.count;
        assertTrue(b.count <= 3, "a fourth ballot");
        assertTrue(nowAt() <= cases[id].closesAt, "a ballot after the close");
        noteExtension(id, passed);
    }

    function actionOf(uint256 what) private returns (ActionKind, bytes memory) {
        uint256 choice = what % 8;
        what /= 8;
        if (choice < 2) return (ActionKind.AddConstraint, addition());
        if (choice < 4) return (ActionKind.AmendTighter, amendment(what));
        if (choice == 4) return (ActionKind.SetParameters, abi.encode(someParameters(what)));
        if (choice == 5) {
            return
                (ActionKind.SuspendSeat, abi.encode(SuspendSeat(what % 5 == 0 ? uint8(what % 64) : liveSeat(what), 0)));
        }
        return (ActionKind.ChangeSeats, abi.encode(someBatch(what)));
    }

    function addition() private returns (bytes memory) {
        string memory name = string.concat("constraint ", vm.toString(++names));
        return abi.encode(AddConstraint(name, 0, new ParameterSetting[](0), "{}"));
    }

    function amendment(uint256 what) private view returns (bytes memory) {
        bytes32 id = inForce.length == 0 ? bytes32(0) : inForce[what % inForce.length];
        return abi.encode(AmendConstraint(id, CONSTRAINTS.getConstraint(id).version, 0, "{\"v\":2}"));
    }

    function someParameters(uint256 what) private pure returns (Parameters memory p) {
        p = Charter.parameters();
        p.grace = uint40(1 days + what % 30 days);
        p.objectionWindow = uint40(1 hours + what % 20 days);
        p.lateWindow = uint24(what % 4 days); // above 3 days it is unsound
        p.openProposals = uint8(what % 10); // 0 and 9 are out of bounds
        p.tiers[0].overallNum = uint16(40 + what % 30);
        p.tiers[0].overallDen = 100;
        p.tiers[3].timelock = uint40(10 days + what % 40 days);
        p.tiers[3].chamberNum = uint16(60 + what % 40);
        p.tiers[3].chamberDen = 100;
    }

    function someBatch(uint256 what) private returns (ChangeSeats memory batch) {
        bool removes = what % 3 != 0;
        bool grants = what % 3 != 1;
        what /= 3;
        batch.removals = new uint8[](removes ? 1 : 0);
        batch.grants = new SeatGrant[](grants ? 1 : 0);
        if (removes) batch.removals[0] = what % 7 == 0 ? uint8(what % 64) : liveSeat(what);
        if (grants) {
            uint256 organisation = organisations++;
            batch.grants[0] = Charter.grant(
                organisation,
                uint8(what % 3),
                bytes2(uint16(0x4141 + what / 3 % 4)),
                vm.addr(Charter.votingSecret(organisation)),
                vm.addr(Charter.recoverySecret(organisation))
            );
        }
    }

    function learnSeats(ChangeSeats memory batch) private {
        for (uint256 i; i < batch.grants.length; ++i) {
            for (uint256 organisation = Charter.SEATS; organisation < organisations; ++organisation) {
                if (vm.addr(Charter.votingSecret(organisation)) != batch.grants[i].votingKey) continue;
                (uint8 seat,) = SEATS.seatOf(batch.grants[i].votingKey);
                (secrets[seat], guardians[seat]) =
                (Charter.votingSecret(organisation), Charter.recoverySecret(organisation));
            }
        }
    }

    function signedCall(uint256 id, uint8 seat, uint8 support, uint8 round, uint8 counted)
        private
        view
        returns (bytes memory)
    {
        bytes32 digest = COUNCIL.ballotDigest(id, support, keyOf(seat), round, counted, "");
        bytes memory signed = signature(secrets[seat], digest);
        return abi.encodeCall(COUNCIL.castSignedVote, (id, support, keyOf(seat), round, counted, "", signed));
    }

    function signedBallot(uint256 id, uint8 seat, uint8 support) private view returns (SignedBallot memory b) {
        (, uint8 round, uint8 counted) = COUNCIL.ballotOf(id, seat);
        b = SignedBallot(keyOf(seat), support, round, counted, "", "");
        b.signature = signature(secrets[seat], COUNCIL.ballotDigest(id, support, b.voter, round, counted, ""));
    }

    function signature(uint256 secret, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(secret, digest);
        return abi.encodePacked(r, s, v);
    }

    function reaches(uint256 yes, uint256 size, uint256 num, uint256 den, bool strict) private pure returns (bool) {
        return strict ? yes * den > num * size : yes * den >= num * size;
    }

    function liveSeat(uint256 seed) private view returns (uint8 seat) {
        uint64 live = SEATS.liveMask();
        seat = uint8(seed % 64);
        while (live >> seat & 1 == 0) seat = (seat + 1) % 64;
    }

    function keyOf(uint8 seat) private view returns (address) {
        return vm.addr(secrets[seat]);
    }

    function idOf(uint256 which) private view returns (uint256) {
        // The latest few, mostly: those are still open.
        uint256 window = ids.length < 8 ? ids.length : 8;
        return ids[ids.length - 1 - which % window];
    }

    function kindName(ActionKind kind) private pure returns (string memory) {
        if (kind == ActionKind.AddConstraint) return "added";
        if (kind == ActionKind.AmendTighter) return "amended";
        if (kind == ActionKind.SetParameters) return "parameters set";
        if (kind == ActionKind.SuspendSeat) return "suspended";
        return "seats changed";
    }
}
