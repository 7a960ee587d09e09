// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {Bls12381} from "../../src/libraries/Bls12381.sol";
import {DkgVectors} from "../vectors/DkgVectors.sol";
import {CommitteeTest} from "./CommitteeTest.t.sol";

/// @dev Complaints, and what the accused answer. No complaint publishes a share; only the accused can.
contract ComplainTest is CommitteeTest {
    // --- complaining

    function test_complain_reverts_inAnotherPhase() public {
        toSettling();
        vm.expectRevert(unexpectedPhase(ICommittee.Phase.Settling, ICommittee.Phase.Acknowledging));
        complain(1, 2);
    }

    function test_complain_reverts_afterTheDeadline() public {
        toAcknowledging();
        uint40 endsAt = phaseEndsAt();
        vm.warp(endsAt + 1);
        vm.expectRevert(phaseDeadline(endsAt));
        complain(1, 2);
    }

    function test_complain_reverts_whileEverythingIsStopped() public {
        toAcknowledging();
        stop(0);
        vm.expectRevert(everythingStopped());
        complain(1, 2);
    }

    function test_complain_reverts_fromAStranger() public {
        toAcknowledging();
        vm.expectRevert(notMember(STRANGER));
        vm.prank(STRANGER);
        committee.complain(EPOCH, new uint16[](1));
    }

    /// @dev It was sent no share, so none can be wrong.
    function test_complain_reverts_fromAMemberThatDidNotRegister() public {
        form();
        for (uint256 member = 1; member < SIZE; ++member) {
            register(member);
        }
        vm.warp(phaseEndsAt() + 1);
        committee.advance(EPOCH);
        for (uint256 member = 1; member < SIZE; ++member) {
            bytes[] memory made = envelopes(member);
            made[4] = "";
            vm.prank(oracle(member));
            committee.deal(EPOCH, DkgVectors.commitments(member), DkgVectors.proof(member), made);
        }
        settle(5);
        vm.expectRevert(notMember(oracle(5)));
        complain(5, 2);
        vm.expectRevert(notMember(oracle(5)));
        acknowledge(5);
    }

    function test_complain_reverts_aSecondTime_orAfterAcknowledging() public {
        toAcknowledging();
        complain(1, 2);
        vm.expectRevert(alreadyDone(1));
        complain(1, 3);
        vm.expectRevert(alreadyDone(1));
        acknowledge(1);
        acknowledge(2);
        vm.expectRevert(alreadyDone(2));
        complain(2, 3);
    }

    function test_complain_reverts_onNobody_oneself_strangers_andRepetitions() public {
        toAcknowledging();
        assertComplaintRefused(new uint16[](0), 0);
        assertComplaintRefused(two(0, 2), 0);
        assertComplaintRefused(two(1, 2), 1);
        assertComplaintRefused(two(2, 2), 2);
        assertComplaintRefused(two(3, 2), 2);
        assertComplaintRefused(two(2, 6), 6);
    }

    function test_complain_reverts_ofWhoDidNotDeal() public {
        toDealing();
        for (uint256 member = 1; member < SIZE; ++member) {
            deal(member);
        }
        vm.warp(phaseEndsAt() + 1);
        committee.advance(EPOCH);
        settle(5);
        assertComplaintRefused(two(2, 5), 5);
    }

    function test_complain_tellsWhoOfWhom_andNothingElse() public {
        toAcknowledging();
        vm.expectEmit(address(committee));
        emit ICommittee.DealerAccused(EPOCH, 2, 1);
        vm.expectEmit(address(committee));
        emit ICommittee.DealerAccused(EPOCH, 4, 1);
        complainOf(1, two(2, 4));
        assertEq(committee.getDealing(EPOCH, 1).complainants, 1, "of dealer 2: the first member");
        assertEq(committee.getEpoch(EPOCH).accused, 2, "accused");
        assertEq(committee.getEpoch(EPOCH).complained, 1, "complained");
        assertPhase(ICommittee.Phase.Acknowledging, "phase");
    }

    /// @dev t reveals would publish what it dealt.
    function test_complain_byThreshold_disqualifies_andNothingIsRevealed() public {
        toAcknowledging();
        complain(1, 2);
        complain(3, 2);
        vm.expectEmit(address(committee));
        emit ICommittee.DealerAccused(EPOCH, 2, 5);
        vm.expectEmit(address(committee));
        emit ICommittee.DealerDisqualified(EPOCH, 2, oracle(2), ICommittee.Fault.ManyComplaints);
        complain(5, 2);
        assertTrue(committee.getDealing(EPOCH, 1).disqualified, "disqualified");
        acknowledge(2);
        vm.expectEmit(address(committee));
        emit ICommittee.Acknowledged(EPOCH, 4, DkgVectors.publicShare(4));
        vm.expectEmit(address(committee));
        emit ICommittee.PhaseAdvanced(EPOCH, ICommittee.Phase.Settling, uint40(nowAt() + 1 days));
        acknowledge(4);
        assertWithoutDealer2();
    }

    /// @dev t members can disqualify whom they like, and so end an epoch, but never make one of fewer dealers.
    function test_complain_aborts_ifTooFewDealersAreLeft() public {
        toAcknowledging();
        uint16[] memory others = new uint16[](2);
        for (uint16 member = 1; member <= 3; ++member) {
            (others[0], others[1]) = (4, 5);
            if (member != 3) {
                complainOf(member, others);
            } else {
                complainOf(3, others);
            }
        }
        assertTrue(committee.getDealing(EPOCH, 3).disqualified && committee.getDealing(EPOCH, 4).disqualified, "both");
        complain(4, 1);
        complain(5, 1);
        // Dealer 1 owes two answers and gives none: two dealers of the three that a key needs are left.
        vm.warp(phaseEndsAt() + 1);
        vm.expectEmit(address(committee));
        emit ICommittee.DealerDisqualified(EPOCH, 1, oracle(1), ICommittee.Fault.Silent);
        vm.expectEmit(address(committee));
        emit ICommittee.EpochAborted(EPOCH, ICommittee.Phase.Answering, "too few dealers qualify");
        committee.advance(EPOCH);
        assertEq(committee.currentEpoch(), 0, "none in force");
    }

    // --- answering

    function test_answer_reverts_inAnotherPhase() public {
        toAcknowledging();
        complain(1, 2);
        vm.expectRevert(unexpectedPhase(ICommittee.Phase.Acknowledging, ICommittee.Phase.Answering));
        answer(2, 1);
    }

    function test_answer_reverts_afterTheDeadline() public {
        toAnswering(2);
        uint40 endsAt = phaseEndsAt();
        vm.warp(endsAt + 1);
        vm.expectRevert(phaseDeadline(endsAt));
        answer(2, 1);
    }

    function test_answer_reverts_fromWhoWasNotAccused() public {
        toAnswering(2);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoComplaint.selector, EPOCH, uint16(3)));
        answer(3, 1);
        vm.expectRevert(notMember(STRANGER));
        vm.prank(STRANGER);
        committee.answer(EPOCH, DkgVectors.commitments(2), new bytes32[](1));
    }

    function test_answer_reverts_onOtherCommitments_orAnotherNumberOfShares() public {
        toAnswering(2);
        bytes32 dealt = DkgVectors.commitmentsHash(2);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.CommitmentMismatch.selector, uint16(2), dealt, dealt));
        vm.prank(oracle(2));
        committee.answer(EPOCH, DkgVectors.commitments(2), new bytes32[](2));
        bytes memory others = DkgVectors.commitments(3);
        bytes32 given = keccak256(abi.encode(block.chainid, address(committee), EPOCH, uint16(2), keccak256(others)));
        vm.expectRevert(abi.encodeWithSelector(ICommittee.CommitmentMismatch.selector, uint16(2), given, dealt));
        vm.prank(oracle(2));
        committee.answer(EPOCH, others, new bytes32[](1));
    }

    function test_answer_withTheShare_clearsTheDealer() public {
        toAnswering(2);
        vm.expectEmit(address(committee));
        emit ICommittee.ShareRevealed(EPOCH, 2, 1, DkgVectors.dealtShare(2, 1));
        vm.expectEmit(address(committee));
        emit ICommittee.PhaseAdvanced(EPOCH, ICommittee.Phase.Confirming, uint40(nowAt() + 1 days));
        answer(2, 1);
        assertTrue(committee.getDealing(EPOCH, 1).answered, "answered");
        assertEq(committee.aggregate(EPOCH), DkgVectors.AGGREGATE, "the same sums");
        assertEq(committee.getEpoch(EPOCH).acknowledged, 4, "acknowledgements stand");
        acknowledge(1); // with the share that was revealed
        assertPhase(ICommittee.Phase.InForce, "phase");
        assertEq(committee.key(), DkgVectors.KEY, "key");
    }

    function test_answer_reverts_aSecondTime() public {
        toAcknowledging();
        complainOf(1, two(2, 3));
        for (uint256 member = 2; member <= SIZE; ++member) {
            acknowledge(member);
        }
        answer(2, 1);
        vm.expectRevert(alreadyDone(2));
        answer(2, 1);
        answer(3, 1);
        assertPhase(ICommittee.Phase.Confirming, "phase");
    }

    /// forge-config: default.fuzz.runs = 16
    function test_answer_withAnotherShare_disqualifies(uint256 wrong) public {
        vm.assume(bytes32(wrong) != DkgVectors.dealtShare(2, 1));
        assertDisqualifiedBy(bytes32(wrong));
    }

    /// @dev The same scalar in another form would be another share for whoever reads it.
    function test_answer_withAShareThatIsNotCanonical_disqualifies() public {
        uint256 order = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
        assertDisqualifiedBy(bytes32(uint256(DkgVectors.dealtShare(2, 1)) + order));
    }

    function test_silence_disqualifies() public {
        toAnswering(2);
        vm.warp(phaseEndsAt() + 1);
        vm.expectEmit(address(committee));
        emit ICommittee.DealerDisqualified(EPOCH, 2, oracle(2), ICommittee.Fault.Silent);
        vm.expectEmit(address(committee));
        emit ICommittee.PhaseAdvanced(EPOCH, ICommittee.Phase.Settling, uint40(nowAt() + 1 days));
        committee.advance(EPOCH);
        assertWithoutDealer2();
    }

    /// @dev Two of five accuse every honest dealer, who all answer: fewer than t shares of each are shown.
    function test_falseComplaints_changeNothing() public {
        toAcknowledging();
        uint16[] memory dealers = new uint16[](4);
        for (uint16 i; i < 4; ++i) {
            dealers[i] = i + 2;
        }
        complainOf(1, dealers);
        for (uint256 member = 2; member <= SIZE; ++member) {
            acknowledge(member);
        }
        for (uint256 dealer = 2; dealer <= SIZE; ++dealer) {
            answer(dealer, 1);
        }
        vm.warp(phaseEndsAt() + 1);
        committee.advance(EPOCH);
        assertPhase(ICommittee.Phase.InForce, "enough had acknowledged");
        assertEq(committee.key(), DkgVectors.KEY, "key");
    }

    /// @dev A proof against the old sums speaks for nobody under the new ones.
    function test_disqualification_voidsAcknowledgements() public {
        toAnswering(2);
        vm.warp(phaseEndsAt() + 1);
        committee.advance(EPOCH);
        settle(2);
        assertEq(committee.getEpoch(EPOCH).acknowledged, 0, "none");
        assertEq(committee.getMembers(EPOCH)[4].verificationKeyHash, bytes32(0), "forgotten");
        vm.expectRevert(badProof(5));
        acknowledge(5);
        for (uint256 member = 1; member <= SIZE; ++member) {
            acknowledgeWith(member, DkgVectors.acknowledgementWithout2(member));
        }
        assertPhase(ICommittee.Phase.InForce, "phase");
        registerModel();
        bytes32 requestId = requestForItself(grantRelease());
        approveByThree(requestId);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadPartial.selector, requestId, uint16(1)));
        post(requestId, 1, 0); // the share of the old sums is nobody's
    }

    // --- helpers

    /// @dev Another key makes another identity than the vectors'.
    function requestForItself(bytes32 releaseId) private returns (bytes32 requestId) {
        bytes32 identity = releases.workerIdentity(releaseId, WORKER);
        bytes memory hashed = committee.hashToG1(identity);
        bytes memory nonce = Bls12381.combineTwo(hashed, uint256(DkgVectors.NONCE), hashed, 0);
        bytes memory proof = proofFor(identity, nonce, releaseId, WORKER, hashed, 1);
        vm.prank(WORKER);
        requestId = committee.requestUnlock{gas: GAS}(releaseId, hashed, proof);
        asked[requestId] = Asked(releaseId, WORKER);
    }

    /// @dev Member 1 complains of that dealer, all others acknowledge.
    function toAnswering(uint16 dealer) private {
        toAcknowledging();
        complain(1, dealer);
        for (uint256 member = 2; member <= SIZE; ++member) {
            acknowledge(member);
        }
        assertPhase(ICommittee.Phase.Answering, "phase");
    }

    function answer(uint256 dealer, uint256 recipient) private {
        answerWith(dealer, DkgVectors.dealtShare(dealer, recipient));
    }

    function answerWith(uint256 dealer, bytes32 share) private {
        bytes32[] memory shares = new bytes32[](1);
        shares[0] = share;
        vm.prank(oracle(dealer));
        committee.answer{gas: GAS}(EPOCH, DkgVectors.commitments(dealer), shares);
    }

    function assertDisqualifiedBy(bytes32 share) private {
        toAnswering(2);
        vm.expectEmit(address(committee));
        emit ICommittee.ShareRevealed(EPOCH, 2, 1, share);
        vm.expectEmit(address(committee));
        emit ICommittee.DealerDisqualified(EPOCH, 2, oracle(2), ICommittee.Fault.WrongShare);
        answerWith(2, share);
        assertWithoutDealer2();
    }

    function assertWithoutDealer2() private {
        assertPhase(ICommittee.Phase.Settling, "phase");
        settle(2);
        assertPhase(ICommittee.Phase.Confirming, "phase");
        assertEq(committee.getEpoch(EPOCH).qualified, 29, "all but the second");
        assertEq(committee.getEpoch(EPOCH).keyHash, keccak256(DkgVectors.KEY_WITHOUT_2), "another key");
        for (uint256 member = 1; member <= SIZE; ++member) {
            acknowledgeWith(member, DkgVectors.acknowledgementWithout2(member));
        }
        assertPhase(ICommittee.Phase.InForce, "phase");
        assertEq(committee.key(), DkgVectors.KEY_WITHOUT_2, "key");
    }

    function two(uint16 first, uint16 second) private pure returns (uint16[] memory dealers) {
        dealers = new uint16[](2);
        (dealers[0], dealers[1]) = (first, second);
    }

    function assertComplaintRefused(uint16[] memory dealers, uint16 named) private {
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoDealing.selector, EPOCH, named));
        complainOf(1, dealers);
    }
}
