// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ISeats} from "../../src/interfaces/ISeats.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {Parameters, TierRule} from "../../src/types/Parameters.sol";
import {Proposal, ProposalState} from "../../src/types/Proposals.sol";
import {Test} from "../Test.sol";

/// @dev A slow account of every ballot, seat by seat, kept beside the contracts and from no view of theirs that counts.
abstract contract CouncilAccount is Test {
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

    uint256[] public ids;
    mapping(uint256 id => Case) internal cases;
    mapping(uint256 id => mapping(uint8 round => mapping(uint8 seat => Ballot))) public ballots;
    mapping(string what => uint256) public count;
    uint256 public illegal; // transitions that were seen: must stay 0

    constructor(address seats, address council) {
        SEATS = ISeats(seats);
        COUNCIL = ICouncil(council);
    }

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

    function isDue(uint256 id) internal view returns (bool) {
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

    /// @dev Whether a ballot now is one that could extend the round.
    function isLate(uint256 id) internal view returns (bool) {
        Case storage c = cases[id];
        return nowAt() + c.lateWindow > c.closesAt && c.extensions[c.escalations + 1] == 0;
    }

    function note(uint256 id, uint8 seat, uint8 support, bool passed) internal {
        Ballot storage b = ballots[id][cases[id].escalations == 0 ? 1 : 2][seat];
        b.choice = support + 1;
        ++b.count;
        assertTrue(b.count <= 3, "a fourth ballot");
        assertTrue(nowAt() <= cases[id].closesAt, "a ballot after the close");
        noteExtension(id, passed);
    }

    /// @dev Invariant 19, by the slow count: the ballot that turns failing into passing in the last part of a round.
    function noteExtension(uint256 id, bool passed) internal {
        Case storage c = cases[id];
        if (!passed && isPassing(id)) {
            c.closesAt = nowAt() + c.lateWindow;
            ++c.extensions[c.escalations + 1];
            ++count["extended"];
        }
    }

    /// @dev More than half of the seats that the chamber had, all live.
    function noteVeto(uint256 id, uint8 seat, uint256 chamber) internal {
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

    function reaches(uint256 yes, uint256 size, uint256 num, uint256 den, bool strict) internal pure returns (bool) {
        return strict ? yes * den > num * size : yes * den >= num * size;
    }
}
