// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ISeats} from "../../src/interfaces/ISeats.sol";
import {ActionKind, ChangeSeats, SeatGrant, SuspendSeat} from "../../src/types/Actions.sol";
import {Parameters} from "../../src/types/Parameters.sol";
import {ProposalState, Support} from "../../src/types/Proposals.sol";
import {ActionContext} from "../../src/types/System.sol";
import {Charter} from "../Charter.sol";
import {CouncilTest} from "../council/CouncilTest.t.sol";

/// @dev What somebody might try, tried in earnest. Each test is named after the attack and fails it for the right reason.
contract CouncilAttacks is CouncilTest {
    /// @dev Beanstalk: borrow the power, propose, vote and execute before anyone looks.
    function test_attack_voteAndExecuteAtOnce() public {
        uint256 id = proposeTier4();
        voteFor(id, EVERYONE); // all of it, in one second
        vm.expectRevert(unexpected(id, ProposalState.Active, ProposalState.Succeeded));
        council.execute(id, ActionKind.SetParameters, setParameters());
    }

    /// @dev Tornado Cash: an approved proposal, and other content behind it.
    function test_attack_otherContentBehindAnApprovedProposal() public {
        bytes memory shown = setParameter0(100, 99);
        bytes memory meant = setParameter(1000);
        uint256 id = propose(ActionKind.TightenParameter, shown);
        voteFor(id, EVERYONE);
        warpToEta(id);
        uint256 computed = council.computeProposalId(
            voters[0], council.proposalNonce(voters[0]) - 1, ActionKind.LoosenParameter, meant
        );
        vm.expectRevert(abi.encodeWithSelector(ICouncil.ActionMismatch.selector, id, computed));
        council.execute(id, ActionKind.LoosenParameter, meant);
    }

    /// @dev Compound 289: few vote, in a quiet weekend. The bar stands on all seats, so silence is no consent.
    function test_attack_lowTurnout(uint64 present) public {
        addRule();
        present &= EVERYONE;
        uint256 id = propose(ActionKind.LoosenParameter, setParameter(1000));
        voteFor(id, present);
        vm.warp(council.proposalEta(id));
        bool enough = count(present & BUILDERS) >= 4 && count(present & OVERSIGHT) >= 4 && count(present & PUBLIC) >= 4;
        assertState(id, enough ? ProposalState.Succeeded : ProposalState.Defeated, "only by four of each five");
    }

    /// @dev A colluding chamber, whole, with all but the needed seats of the others.
    function test_attack_aChamberAlone() public {
        addRule();
        uint256 id = propose(ActionKind.LoosenParameter, setParameter(1000));
        voteFor(id, BUILDERS | 0x00e0 | 0x3c00); // three of oversight's five
        vm.warp(council.proposalEta(id));
        assertState(id, ProposalState.Defeated, "oversight did not agree");
    }

    /// @dev The proposer labels a loosening as a tightening: the contract compares, whatever the label says.
    function test_attack_looseningLabelledAsTightening() public {
        addRule();
        bytes memory action = setParameter(101);
        vm.expectPartialRevert(IConstraints.NotTighter.selector);
        propose(ActionKind.TightenParameter, action);
    }

    /// @dev Two amendments that each were written against the same text: the second one finds another.
    function test_attack_twoTighteningsThatTogetherLoosen() public {
        bytes memory a = setParameter0(100, 50);
        bytes memory b = setParameter(60); // tighter than 100, looser than 50
        uint256 first = propose(ActionKind.TightenParameter, a);
        uint256 second = proposeAs(1, ActionKind.TightenParameter, b);
        voteFor(first, EVERYONE);
        voteFor(second, EVERYONE);
        warpToEta(first);
        council.execute(first, ActionKind.TightenParameter, a);
        vm.expectPartialRevert(IConstraints.UnexpectedParent.selector);
        council.execute(second, ActionKind.TightenParameter, b);
    }

    /// @dev A relayer keeps an old "for" and plays it after the seat changed its mind.
    function test_attack_withheldBallotPlayedAfterALaterOne() public {
        uint256 id = proposeTier1();
        bytes memory kept = sign(Charter.votingSecret(4), council.ballotDigest(id, 1, voters[4], 1, 0, ""));
        vote(id, 4, Support.Against);
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(ICouncil.StaleBallot.selector, id, 4, 1, 0, 1, 1));
        council.castSignedVote(id, 1, voters[4], 1, 0, "", kept);
        assertBallot(id, 4, 1, 1, 1);
    }

    /// @dev ... or spends the seat's ballots: a signed one is good once, so the count cannot be run up.
    function test_attack_ballotsRunUpByARelayer() public {
        uint256 id = proposeTier1();
        bytes memory signature = sign(Charter.votingSecret(4), council.ballotDigest(id, 1, voters[4], 1, 0, ""));
        council.castSignedVote(id, 1, voters[4], 1, 0, "", signature);
        for (uint8 claimed; claimed < 3; ++claimed) {
            vm.prank(STRANGER);
            vm.expectRevert();
            council.castSignedVote(id, 1, voters[4], 1, claimed, "", signature);
        }
        assertBallot(id, 4, 2, 1, 1);
    }

    /// @dev A stolen key votes, is recovered, and its ballots can be taken back by the new key.
    function test_attack_stolenKeyVotes() public {
        uint256 id = proposeTier1();
        vote(id, 4, Support.For); // the thief
        address next = vm.addr(77);
        bytes memory possession = sign(77, seats.rotationDigest(4, next));
        vm.prank(guardians[4]);
        seats.recoverKey(4, next, possession);
        vm.expectRevert(notLive(voters[4]));
        vote(id, 4, Support.For);
        bytes memory signature = sign(Charter.votingSecret(4), council.ballotDigest(id, 1, voters[4], 1, 1, ""));
        vm.expectRevert(notLive(voters[4]));
        council.castSignedVote(id, 1, voters[4], 1, 1, "", signature);
        vm.prank(next);
        council.castVote(id, 0);
        assertBallot(id, 4, 1, 1, 2);
    }

    /// @dev The stolen key signs for its own name with the seat's new key as voter: the signature is not the voter's.
    function test_attack_oldKeySignsForTheNewOne() public {
        uint256 id = proposeTier1();
        address next = vm.addr(77);
        bytes memory possession = sign(77, seats.rotationDigest(4, next));
        vm.prank(guardians[4]);
        seats.recoverKey(4, next, possession);
        bytes memory signature = sign(Charter.votingSecret(4), council.ballotDigest(id, 1, next, 1, 0, ""));
        vm.expectRevert(abi.encodeWithSelector(ICouncil.BadSignature.selector, next));
        council.castSignedVote(id, 1, next, 1, 0, "", signature);
    }

    /// @dev A seat number is given to somebody else, whose bit makes the old holder's yes count again. It rests until
    /// every proposal that could count it is dead, however long that one was kept alive.
    function test_attack_reusedSeatNumberRevivesAnOldYes() public {
        addRule();
        bytes memory amended = amendment();
        uint256 id = propose(ActionKind.AmendTighter, amended);
        voteFor(id, EVERYONE);
        vm.warp(council.quorumState(id).expiresAt); // the last second of the first round
        vm.prank(voters[14]);
        council.object(id, 0, "");
        voteFor(id, TIER_3); // exactly enough, seat 3 among them
        targetAs(sys.seats, ActionKind.ChangeSeats, removeSeat(3), 4);
        warpPastClose(id);
        assertState(id, ProposalState.Defeated, "one short");

        uint256 last = council.proposalEta(id) + Charter.parameters().grace;
        for (uint256 time = nowAt(); time <= last + 1 days; time += 2 days) {
            vm.warp(time);
            uint256 snapshot = vm.snapshotState();
            targetAs(sys.seats, ActionKind.ChangeSeats, grantSeat(grantOf(15, 0, "NZ")), 4);
            (uint8 number,) = seats.seatOf(grantOf(15, 0, "NZ").votingKey);
            assertEq(number, 15, "another number");
            assertState(id, ProposalState.Defeated, "still one short");
            vm.revertToState(snapshot);
        }
    }

    /// @dev A new member votes on what was proposed before its time.
    function test_attack_slowTakeoverVotesOnOldProposals() public {
        uint256 id = proposeTier4();
        targetAs(sys.seats, ActionKind.ChangeSeats, grantSeat(grantOf(15, 0, "NZ")), 4);
        vm.prank(grantOf(15, 0, "NZ").votingKey);
        vm.expectRevert(notEligible(id, 15));
        council.castVote(id, 1);
    }

    /// @dev Build Finance: one group takes the seats, one by one, under many names.
    function test_attack_oneGroupTakesSeats(uint8 chamber) public {
        SeatGrant memory grant = grantOf(15, chamber % 3, "NZ");
        grant.affiliation = seats.getSeat(0).affiliation;
        vm.expectRevert(abi.encodeWithSelector(ISeats.AffiliationSeated.selector, grant.affiliation, 15, 0));
        propose(ActionKind.ChangeSeats, grantSeat(grant));
    }

    /// @dev Aragon osx#338: seats of one moment, settings of another. Both are frozen at creation, together.
    function test_attack_mixedMoments() public {
        uint256 id = proposeTier4();
        voteFor(id, TIER_4 & ~uint64(1)); // one short
        Parameters memory easier = Charter.parameters();
        easier.tiers[3].overallNum = 3;
        easier.tiers[3].overallDen = 4;
        easier.tiers[2].chamberNum = 51;
        easier.tiers[2].chamberDen = 100;
        easier.tiers[3].chamberNum = 51;
        easier.tiers[3].chamberDen = 100;
        easier.tiers[1].chamberNum = 1;
        targetAs(sys.council, ActionKind.SetParameters, abi.encode(easier), 4);
        ChangeSeats memory fewer = ChangeSeats(new uint8[](2), new SeatGrant[](0));
        (fewer.removals[0], fewer.removals[1]) = (4, 9);
        targetAs(sys.seats, ActionKind.ChangeSeats, abi.encode(fewer), 4);
        vm.warp(council.proposalEta(id));
        assertState(id, ProposalState.Defeated, "neither makes it pass");
        assertEq(council.quorumState(id).needed, 12, "of the fifteen of its time");
    }

    /// @dev Nouns#764: a longer grace, and a dead proposal lives again.
    function test_attack_settingsReviveADeadProposal() public {
        uint256 id = proposeTier4();
        voteFor(id, EVERYONE);
        warpPastGrace(id);
        assertState(id, ProposalState.Expired, "expired");
        Parameters memory longer = Charter.parameters();
        longer.grace = 30 days;
        targetAs(sys.council, ActionKind.SetParameters, abi.encode(longer), 4);
        assertState(id, ProposalState.Expired, "expired");
        vm.expectRevert(unexpected(id, ProposalState.Expired, ProposalState.Succeeded));
        council.execute(id, ActionKind.SetParameters, setParameters());
    }

    /// @dev A majority suspends its opponents, so that a smaller number carries.
    function test_attack_suspensionLowersTheBar() public {
        addRule();
        uint256 id = propose(ActionKind.LoosenParameter, setParameter(1000));
        voteFor(id, TIER_3 & ~uint64(0x2000)); // three of the public chamber
        targetAs(sys.seats, ActionKind.SuspendSeat, abi.encode(SuspendSeat(14, 0)), 1); // one that did not
        vm.warp(council.proposalEta(id));
        assertState(id, ProposalState.Defeated, "three of five, not three of four");
    }

    /// @dev A tier 1 majority suspends until nobody can pass anything any more.
    function test_attack_suspensionToDeadlock(uint256 seed) public {
        uint256 suspended;
        for (uint256 i; i < 60; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint8 seat = uint8(seed % 15);
            vm.prank(sys.council);
            (bool done,) = sys.seats
                .call(
                    abi.encodeCall(
                        seats.executeAction, (ActionKind.SuspendSeat, abi.encode(SuspendSeat(seat, 0)), contextOf(i))
                    )
                );
            if (done) ++suspended;
        }
        assertEq(suspended, 3, "one of each chamber, and no more");
        uint8 proposer;
        while (seats.liveMask() >> proposer & 1 == 0) ++proposer;
        uint256 id = proposeAs(proposer, ActionKind.SetParameters, setParameters());
        voteFor(id, seats.liveMask());
        vm.warp(council.proposalEta(id));
        assertState(id, ProposalState.Succeeded, "the others can still do everything");
    }

    /// @dev One seat objects to everything, to stall safety. What tightens provably cannot be objected to at all, and an
    /// amendment only once.
    function test_attack_objectionFlood() public {
        addRule();
        uint256 added = propose(ActionKind.AddConstraint, addConstraint("x"));
        uint256 tightened = propose(ActionKind.TightenParameter, setParameter(50));
        uint256 amended = propose(ActionKind.AmendTighter, amendment());
        vm.expectPartialRevert(ICouncil.NotObjectable.selector);
        objectAs(14, added);
        vm.expectPartialRevert(ICouncil.NotObjectable.selector);
        objectAs(14, tightened);
        objectAs(14, amended);
        for (uint8 seat; seat < 15; ++seat) {
            vm.expectPartialRevert(ICouncil.NotObjectable.selector);
            objectAs(seat, amended);
        }
        voteFor(added, TIER_1);
        voteFor(amended, TIER_3);
        warpToEta(added);
        council.execute(added, ActionKind.AddConstraint, addConstraint("x"));
        warpToEta(amended);
        assertState(amended, ProposalState.Succeeded, "a seat delays it once");
    }

    /// @dev An amendment passed and executed before anyone could object.
    function test_attack_amendmentBeforeAnyoneObjects() public {
        uint256 id = proposeAmendment();
        bytes memory action = amendment();
        voteFor(id, EVERYONE);
        warpPastClose(id);
        vm.expectRevert(unexpected(id, ProposalState.Queued, ProposalState.Succeeded));
        council.execute(id, ActionKind.AmendTighter, action);
        vm.warp(council.proposalEta(id)); // the window is over, and still one objection is in time before the execution
        objectAs(14, id);
        vm.expectRevert(unexpected(id, ProposalState.Active, ProposalState.Succeeded));
        council.execute(id, ActionKind.AmendTighter, action);
    }

    /// @dev A target that is not the Council's, or an action handed to a target by anybody.
    function test_attack_actionWithoutAVote(address caller) public {
        vm.assume(caller != sys.council);
        address[6] memory targets = [sys.seats, sys.council, sys.constraints, sys.releases, sys.brake, sys.committee];
        ActionKind[6] memory kinds = [
            ActionKind.ChangeSeats,
            ActionKind.SetParameters,
            ActionKind.AddConstraint,
            ActionKind.RegisterModel,
            ActionKind.Resume,
            ActionKind.FormCommittee
        ];
        for (uint256 i; i < 6; ++i) {
            vm.prank(caller);
            vm.expectRevert(abi.encodeWithSignature("OnlyCouncil(address)", caller));
            ICouncil(targets[i]).executeAction(kinds[i], "", contextOf(i));
        }
    }

    // --- helpers

    /// @dev "rule" in force with `from`, and the action that sets it to `to`.
    function setParameter0(int128 from, int128 to) private returns (bytes memory) {
        addRule();
        assertEq(constraints.getParameter(RULE_ID, KEY).value, from);
        return setParameter(to);
    }

    function objectAs(uint8 seat, uint256 id) private {
        vm.prank(voters[seat]);
        council.object(id, keccak256("counterexample"), "");
    }

    function count(uint64 mask) private pure returns (uint256 n) {
        for (; mask != 0; mask &= mask - 1) {
            ++n;
        }
    }

    function contextOf(uint256 id) private pure returns (ActionContext memory) {
        return ActionContext(id, 4);
    }
}
