// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ISeats} from "../../src/interfaces/ISeats.sol";
import {ActionKind, AddConstraint, ChangeSeats} from "../../src/types/Actions.sol";
import {Parameters} from "../../src/types/Parameters.sol";
import {ProposalState, SignedBallot} from "../../src/types/Proposals.sol";
import {System} from "../../src/types/System.sol";
import {Charter} from "../Charter.sol";
import {CouncilAccount} from "./CouncilAccount.t.sol";
import {CouncilPlans} from "./CouncilPlans.t.sol";

/// @dev Members, strangers and time do whatever they like; every call that must be refused is required to be.
contract CouncilHandler is CouncilPlans {
    bytes32[] public parameterHashes; // of version i + 1
    bytes[] internal spent; // calls of castSignedVote that were accepted once

    uint256 public rotations;

    // What must never happen, judged during the call: the invariants of these numbers say which.
    uint256 public undue; // executions that the slow count forbids
    uint256 public admitted; // strangers
    uint256 public replays; // that were accepted

    constructor(System memory sys) CouncilAccount(sys.seats, sys.council) CouncilPlans(sys.constraints) {
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

    function versionCount() external view returns (uint256) {
        return parameterHashes.length;
    }

    // --- helpers

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
