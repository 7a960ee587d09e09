// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISeats} from "../../src/interfaces/ISeats.sol";
import {Tally} from "../../src/libraries/Tally.sol";
import {Bounds, Parameters} from "../../src/types/Parameters.sol";
import {Proposal, ProposalState, QuorumState} from "../../src/types/Proposals.sol";
import {Campaign} from "./Campaign.t.sol";
import {CouncilHandler} from "./CouncilHandler.t.sol";

/// @dev The invariants that Council and Seats hold, after any sequence of calls. What is judged during a call (5, 7, 16,
/// 18) is counted by the handler.
/// forge-config: default.invariant.runs = 2
/// forge-config: default.invariant.depth = 100
/// forge-config: default.invariant.fail-on-revert = true
/// forge-config: ci.invariant.runs = 14
/// forge-config: ci.invariant.depth = 160
/// forge-config: ci.invariant.fail-on-revert = true
contract CouncilInvariants is Campaign {
    CouncilHandler internal handler;

    function setUp() public override {
        super.setUp();
        handler = new CouncilHandler(sys);
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @dev The handler's own views are no moves.
    function targetSelectors() public view returns (Selectors[] memory moves) {
        moves = new Selectors[](1);
        moves[0].addr = address(handler);
        bytes4[20] memory all = [
            handler.propose.selector,
            handler.propose.selector,
            handler.castVote.selector,
            handler.carry.selector,
            handler.carry.selector,
            handler.carry.selector,
            handler.castSignedVote.selector,
            handler.castSignedVotes.selector,
            handler.veto.selector,
            handler.object.selector,
            handler.cancel.selector,
            handler.execute.selector,
            handler.execute.selector,
            handler.execute.selector,
            handler.recoverKey.selector,
            handler.wait.selector,
            handler.waitForNext.selector,
            handler.waitForNext.selector,
            handler.stranger.selector,
            handler.replay.selector
        ];
        moves[0].selectors = new bytes4[](all.length);
        for (uint256 i; i < all.length; ++i) {
            moves[0].selectors[i] = all[i];
        }
    }

    struct Selectors {
        address addr;
        bytes4[] selectors;
    }

    function invariant_01_oneEffectiveBallotASeatAndRound() public view {
        for (uint256 i = handler.recent(); i < handler.idCount(); ++i) {
            uint256 id = handler.ids(i);
            uint8 round = council.getProposal(id).round;
            for (uint8 seat; seat < 24; ++seat) {
                (uint8 choice, uint8 count) = handler.ballots(id, round, seat);
                (uint8 actual, uint8 actualRound, uint8 actualCount) = council.ballotOf(id, seat);
                assertEq(actual, choice, "choice");
                assertEq(actualRound, round, "round");
                assertEq(actualCount, count, "count");
            }
        }
    }

    /// @dev Only seats that were there and still are: the slow account knows which.
    function invariant_02_yesIsOfSeatsThatWereThereAndStillAre() public view {
        for (uint256 i = handler.recent(); i < handler.idCount(); ++i) {
            uint256 id = handler.ids(i);
            Proposal memory p = council.getProposal(id);
            uint64 voted = uint64(p.ballots[p.round - 1] | p.ballots[p.round - 1] >> 64);
            assertEq(voted & ~p.eligible, 0, "a ballot of a seat that was not there");
            QuorumState memory q = council.quorumState(id);
            if (isCounted(q)) assertEq(q.passing, handler.isPassing(id), "passing");
        }
    }

    function invariant_03_tallyIsTheCountUnderTheChambers() public view {
        for (uint256 i = handler.recent(); i < handler.idCount(); ++i) {
            uint256 id = handler.ids(i);
            QuorumState memory q = council.quorumState(id);
            if (!isCounted(q)) continue;
            (uint256[4] memory yes, uint256[4] memory size) = handler.countYes(id);
            for (uint256 c; c < q.chambers.length; ++c) {
                assertEq(q.chambers[c].yes, yes[c], "yes");
                assertEq(q.chambers[c].size, size[c], "size");
            }
        }
    }

    /// @dev When it is over, its seats' numbers may be given again.
    function isCounted(QuorumState memory q) private view returns (bool) {
        return q.state != ProposalState.Executed && nowAt() <= q.expiresAt;
    }

    function invariant_04_parametersAndSeatsOfAProposalNeverChange() public view {
        for (uint256 i; i < handler.idCount(); ++i) {
            uint256 id = handler.ids(i);
            assertEq(handler.frozenOf(id), handler.caseOf(id).frozen, "frozen");
        }
        for (uint32 i; i < handler.versionCount(); ++i) {
            bytes32 actual = keccak256(abi.encode(council.parametersAt(i + 1)));
            assertEq(actual, handler.parameterHashes(i), "a version of the parameters");
        }
    }

    /// @dev At each execution, by the slow count of the votes and by the parameters of its creation.
    function invariant_05_executedImpliesThresholdsAndEta() public view {
        assertEq(handler.undue(), 0, "executed, though the slow count says that it must not be");
    }

    function invariant_06_atMostOneExecution() public view {
        for (uint256 i; i < handler.idCount(); ++i) {
            uint256 id = handler.ids(i);
            CouncilHandler.Case memory c = handler.caseOf(id);
            assertLe(c.executions, 1, "executions");
            assertEq(council.state(id) == ProposalState.Executed, c.executions == 1, "executed");
        }
    }

    /// @dev After each call, against the table of states.
    function invariant_07_onlyLegalTransitions() public view {
        assertEq(handler.illegal(), 0, "illegal transitions");
    }

    function invariant_10_parametersStayWithinBounds() public view {
        (, Parameters memory p) = council.parameters();
        Bounds memory b = council.bounds();
        uint256[53] memory value = abi.decode(abi.encode(p), (uint256[53]));
        uint256[53] memory min = abi.decode(abi.encode(b.min), (uint256[53]));
        uint256[53] memory max = abi.decode(abi.encode(b.max), (uint256[53]));
        for (uint256 i; i < 53; ++i) {
            assertLe(min[i], value[i], "min");
            assertLe(value[i], max[i], "max");
        }
    }

    /// @dev The deployer and everybody else without a seat.
    function invariant_16_whoHasNoSeatHasNoPower() public view {
        assertEq(handler.admitted(), 0, "strangers let in");
    }

    function invariant_18_whatWasAcceptedOnceIsNeverAcceptedAgain() public view {
        assertEq(handler.replays(), 0, "ballots accepted twice");
    }

    /// @dev 19, and a round is extended at most once, by the right ballot: the handler counts which one that is.
    function invariant_19_aProposalEscalatesAtMostOnce() public view {
        for (uint256 i; i < handler.idCount(); ++i) {
            uint256 id = handler.ids(i);
            uint256 escalations = handler.caseOf(id).escalations;
            assertLe(escalations, 1, "escalations");
            assertEq(council.getProposal(id).round, 1 + escalations, "round");
            if (escalations == 1) assertEq(council.getProposal(id).tier, 3, "tier");
            CouncilHandler.Case memory c = handler.caseOf(id);
            assertLe(c.extensions[1], 1, "extensions of the first round");
            assertLe(c.extensions[2], 1, "extensions of the second round");
            assertEq(council.proposalDeadline(id), c.closesAt, "close");
            assertEq(council.vetoesOf(id), c.vetoes, "vetoes");
        }
    }

    /// @dev If all live seats act, every tier can pass, however many were suspended, removed or granted.
    function invariant_20_everyTierCanPass() public view {
        (, Parameters memory p) = council.parameters();
        (uint32 version,) = seats.roster();
        for (uint256 tier; tier < 4; ++tier) {
            assertTrue(Tally.passes(p.tiers[tier], seats.chamberMasks(version), seats.liveMask()), "a tier is dead");
        }
    }

    /// @dev Seats: chambers partition the roster, the live ones are part of it, and no chamber is above half.
    function invariant_rosterIsSound() public view {
        (uint32 version, uint64 roster) = seats.roster();
        uint256 masks = seats.chamberMasks(version);
        uint64 union;
        for (uint256 c; c < 3; ++c) {
            uint64 chamber = uint64(masks >> 64 * c);
            assertEq(union & chamber, 0, "a seat in two chambers");
            union |= chamber;
            uint256 size = Tally.countSeats(chamber);
            assertLe(3, size, "a chamber below three");
            assertLe(2 * size, Tally.countSeats(roster), "a chamber above half");
        }
        assertEq(union, roster, "chambers partition the roster");
        assertEq(seats.liveMask() & ~roster, 0, "a live seat outside");
        for (uint8 seat; seat < 64; ++seat) {
            ISeats.Standing standing = seats.getSeat(seat).standing;
            assertEq(standing != ISeats.Standing.None, roster >> seat & 1 == 1, "in the roster");
            assertEq(standing == ISeats.Standing.Live, seats.liveMask() >> seat & 1 == 1, "live");
        }
    }

    /// @dev The proof that the campaign reaches what it is meant to judge.
    function test_handler_reachesDeepStates() public {
        uint256 seed = 12;
        for (uint256 i; i < 1000; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            step(seed % 19, seed >> 8, seed >> 64, seed >> 128);
        }
        string[15] memory what = [
            "batches",
            "extended",
            "vetoed",
            "ended by a veto",
            "proposed",
            "voted",
            "signed",
            "escalated",
            "cancelled",
            "executed",
            "rotated",
            "replayed",
            "amended",
            "suspended",
            "seats changed"
        ];
        for (uint256 i; i < what.length; ++i) {
            assertReached(what[i], handler.count(what[i]));
        }
        invariant_01_oneEffectiveBallotASeatAndRound();
        invariant_02_yesIsOfSeatsThatWereThereAndStillAre();
        invariant_03_tallyIsTheCountUnderTheChambers();
        invariant_04_parametersAndSeatsOfAProposalNeverChange();
        invariant_05_executedImpliesThresholdsAndEta();
        invariant_07_onlyLegalTransitions();
        invariant_16_whoHasNoSeatHasNoPower();
        invariant_18_whatWasAcceptedOnceIsNeverAcceptedAgain();
        invariant_rosterIsSound();
    }

    function step(uint256 move, uint256 a, uint256 b, uint256 c) private {
        if (move < 2) handler.propose(a, b);
        else if (move == 2) handler.castVote(a, b, uint8(c));
        else if (move < 6) handler.carry(a, uint64(b));
        else if (move == 6) handler.castSignedVote(a, b, uint8(c), address(uint160(c)));
        else if (move == 7) handler.object(a, b);
        else if (move == 8) handler.cancel(a);
        else if (move < 12) handler.execute(a);
        else if (move == 12) handler.recoverKey(a);
        else if (move < 15) handler.waitForNext(a % 2 == 0);
        else if (move == 15) handler.stranger(address(uint160(a)), b, c);
        else if (move == 16) handler.castSignedVotes(a, b, address(uint160(c)));
        else if (move == 17) handler.veto(a, b);
        else handler.replay(a);
    }
}
