// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {DkgVectors} from "../vectors/DkgVectors.sol";
import {CommitteeTest} from "./CommitteeTest.t.sol";

contract DealTest is CommitteeTest {
    // --- when, and who

    function test_deal_reverts_beforeAllHaveRegistered() public {
        form();
        for (uint256 member = 1; member < SIZE; ++member) {
            register(member);
        }
        vm.expectRevert(unexpectedPhase(ICommittee.Phase.Registering, ICommittee.Phase.Dealing));
        deal(1);
    }

    function test_deal_reverts_afterTheDeadline() public {
        toDealing();
        uint40 endsAt = phaseEndsAt();
        vm.warp(endsAt);
        deal(1); // the last second counts
        vm.warp(endsAt + 1);
        vm.expectRevert(phaseDeadline(endsAt));
        deal(2);
    }

    function test_deal_reverts_whileEverythingIsStopped() public {
        toDealing();
        stop(0);
        vm.expectRevert(everythingStopped());
        deal(1);
    }

    function test_deal_reverts_fromAStranger() public {
        toDealing();
        vm.expectRevert(notMember(STRANGER));
        vm.prank(STRANGER);
        committee.deal(EPOCH, DkgVectors.commitments(1), DkgVectors.proof(1), envelopes(1));
    }

    function test_deal_reverts_aSecondTime() public {
        toDealing();
        deal(1);
        vm.expectRevert(alreadyDone(1));
        deal(1);
    }

    // --- what was committed

    function test_deal_reverts_onOtherCommitmentsThanCommitted() public {
        toDealing();
        // Dealer 2 reveals what dealer 1 did. The hash names the dealer, so it is neither dealer 1's nor its own.
        bytes32 actual = bind(2, keccak256(DkgVectors.commitments(1)));
        vm.expectRevert(mismatch(2, actual, DkgVectors.commitmentsHash(2)));
        dealWith(2, DkgVectors.commitments(1), DkgVectors.proof(1));
    }

    function test_deal_reverts_onAnotherDealersHash() public {
        registerAllBut(2);
        registerWith(2, DkgVectors.commitmentsHash(1));
        bytes32 actual = bind(2, keccak256(DkgVectors.commitments(1)));
        vm.expectRevert(mismatch(2, actual, DkgVectors.commitmentsHash(1)));
        dealWith(2, DkgVectors.commitments(1), DkgVectors.proof(1));
    }

    function test_deal_reverts_onAHashOfAnotherEpoch() public {
        registerAllBut(2);
        registerWith(2, DkgVectors.OTHER_EPOCH_HASH);
        vm.expectRevert(mismatch(2, DkgVectors.commitmentsHash(2), DkgVectors.OTHER_EPOCH_HASH));
        deal(2);
    }

    /// forge-config: default.fuzz.runs = 64
    function test_deal_reverts_ifAnyByteDiffers(uint256 position, uint8 flip) public {
        vm.assume(flip != 0);
        toDealing();
        bytes memory commitments = DkgVectors.commitments(3);
        position = bound(position, 0, commitments.length - 1);
        commitments[position] = bytes1(uint8(commitments[position]) ^ flip);
        vm.expectRevert(mismatch(3, bind(3, keccak256(commitments)), DkgVectors.commitmentsHash(3)));
        dealWith(3, commitments, DkgVectors.proof(3));
    }

    /// @dev Every share of such a dealing would verify, and no three of them would ever give the key.
    function test_deal_reverts_onOneCommitmentTooMany() public {
        (bytes memory commitments, bytes32 hash, bytes memory proof) = DkgVectors.surplus();
        assertRefusedAs2(commitments, hash, proof, mismatch(2, hash, hash));
    }

    function test_deal_reverts_onOneCommitmentTooFew() public {
        (bytes memory commitments, bytes32 hash, bytes memory proof) = DkgVectors.short();
        assertRefusedAs2(commitments, hash, proof, mismatch(2, hash, hash));
    }

    // --- points

    function test_deal_reverts_onTheIdentityAsConstant() public {
        (bytes memory commitments, bytes32 hash, bytes memory proof) = DkgVectors.identityConstant();
        assertRefusedAs2(commitments, hash, proof, badPoint());
    }

    function test_deal_reverts_onTheIdentityAsLaterCoefficient() public {
        (bytes memory commitments, bytes32 hash, bytes memory proof) = DkgVectors.identityPoint();
        assertRefusedAs2(commitments, hash, proof, badPoint());
    }

    function test_deal_reverts_onAPointOutsideOfTheSubgroup() public {
        (bytes memory commitments, bytes32 hash, bytes memory proof) = DkgVectors.offSubgroup();
        assertRefusedAs2(commitments, hash, proof, badPoint());
    }

    function test_deal_reverts_onAPointOffTheCurve() public {
        (bytes memory commitments, bytes32 hash, bytes memory proof) = DkgVectors.offCurve();
        assertRefusedAs2(commitments, hash, proof, badPoint());
    }

    function test_deal_reverts_onASecondEncodingOfAPoint() public {
        (bytes memory commitments, bytes32 hash, bytes memory proof) = DkgVectors.notCanonical();
        assertRefusedAs2(commitments, hash, proof, badPoint());
    }

    function test_deal_reverts_onAPointWithPadding() public {
        (bytes memory commitments, bytes32 hash, bytes memory proof) = DkgVectors.paddedWrongly();
        assertRefusedAs2(commitments, hash, proof, badPoint());
    }

    // --- proofs of possession

    function test_deal_reverts_onAProofCopiedFromAnotherDealer() public {
        (bytes memory commitments, bytes32 hash, bytes memory proof) = DkgVectors.copied();
        assertRefusedAs2(commitments, hash, proof, badProof(2));
    }

    function test_deal_reverts_onAProofForAnotherEpoch() public {
        (bytes memory commitments, bytes32 hash, bytes memory proof) = DkgVectors.otherEpoch();
        assertRefusedAs2(commitments, hash, proof, badProof(2));
    }

    function test_deal_reverts_onTheIdentityAsProof() public {
        toDealing();
        vm.expectRevert(badProof(2));
        dealWith(2, DkgVectors.commitments(2), new bytes(128));
    }

    function test_deal_reverts_onAProofThatIsNoPoint() public {
        toDealing();
        bytes memory proof = DkgVectors.proof(2);
        proof[127] ^= 0x01;
        vm.expectRevert(badPoint());
        dealWith(2, DkgVectors.commitments(2), proof);
    }

    /// forge-config: default.fuzz.runs = 16
    function test_deal_reverts_onAProofOfAnotherLength(uint8 length) public {
        vm.assume(length != 128);
        toDealing();
        vm.expectRevert(badPoint());
        dealWith(2, DkgVectors.commitments(2), new bytes(length));
    }

    /// @dev Pairs hidden in a proof that is too long would make the product of pairings one, without any secret.
    function test_deal_reverts_onAProofThatHidesAPair() public {
        toDealing();
        vm.expectRevert(badPoint());
        dealWith(2, DkgVectors.commitments(2), DkgVectors.FORGED_PROOF);
    }

    function test_deal_reverts_onAProofOutsideOfTheSubgroup() public {
        toDealing();
        vm.expectRevert(badPoint());
        dealWith(2, DkgVectors.commitments(2), DkgVectors.G1_LOW_ORDER);
    }

    // --- envelopes

    function test_deal_reverts_withoutAnEnvelopeForEveryOther() public {
        toDealing();
        for (uint256 missing; missing < SIZE; ++missing) {
            bytes[] memory made = envelopes(2);
            made[missing] = "";
            if (missing != 1) assertEnvelopesRefused(made);
        }
    }

    function test_deal_reverts_withAnEnvelopeToItself() public {
        toDealing();
        bytes[] memory made = envelopes(2);
        made[1] = "to myself";
        assertEnvelopesRefused(made);
    }

    function test_deal_reverts_withAnotherNumberOfEnvelopes() public {
        toDealing();
        assertEnvelopesRefused(new bytes[](0));
        bytes[] memory made = new bytes[](SIZE + 1);
        for (uint256 i; i <= SIZE; ++i) {
            made[i] = i == 1 ? bytes("") : bytes("envelope");
        }
        assertEnvelopesRefused(made);
    }

    // --- what it does

    function test_deal_keepsTwoHashes() public {
        toDealing();
        bytes memory commitments = DkgVectors.commitments(4);
        vm.expectEmit(address(committee));
        emit ICommittee.Dealt(EPOCH, 4, commitments, DkgVectors.proof(4), envelopes(4));
        deal(4);
        ICommittee.Dealing memory dealing = committee.getDealing(EPOCH, 3);
        assertEq(dealing.dealingHash, keccak256(abi.encode(commitments, envelopes(4))), "hash of the dealing");
        assertEq(dealing.commitmentsHash, DkgVectors.commitmentsHash(4), "hash of the commitments");
        assertEq(committee.getEpoch(EPOCH).dealt, 1, "count");
        assertEq(committee.getEpoch(EPOCH).keyHash, bytes32(0), "no key before the dealings are summed");
        assertEq(committee.verificationKey(EPOCH, 4).length, 0, "no share before the dealings are summed");
    }

    function test_deal_opensSettling_whenAllHave() public {
        toDealing();
        for (uint256 member = 1; member < SIZE; ++member) {
            deal(member);
        }
        skip(1 hours);
        vm.expectEmit(true, true, true, false, address(committee));
        emit ICommittee.Dealt(EPOCH, 5, "", "", new bytes[](0));
        vm.expectEmit(address(committee));
        emit ICommittee.PhaseAdvanced(EPOCH, ICommittee.Phase.Settling, uint40(nowAt() + 1 days));
        deal(5);
    }

    /// @dev Who did not register has no key to be sent a share with, and deals nothing.
    function test_deal_goesOnWithoutWhoDidNotRegister() public {
        registerAllBut(5);
        vm.warp(phaseEndsAt() + 1);
        committee.advance(EPOCH);
        bytes memory commitments = DkgVectors.commitments(2);
        assertEnvelopesRefused(envelopes(2));
        bytes[] memory made = envelopes(2);
        made[4] = "";
        vm.prank(oracle(2));
        committee.deal(EPOCH, commitments, DkgVectors.proof(2), made);
        vm.expectRevert(mismatch(5, DkgVectors.commitmentsHash(5), 0));
        deal(5);
    }

    // --- helpers

    function registerAllBut(uint256 absent) private {
        form();
        for (uint256 member = 1; member <= SIZE; ++member) {
            if (member != absent) register(member);
        }
    }

    function assertRefusedAs2(bytes memory commitments, bytes32 hash, bytes memory proof, bytes memory err) private {
        registerAllBut(2);
        registerWith(2, hash);
        vm.expectRevert(err);
        dealWith(2, commitments, proof);
    }

    function assertEnvelopesRefused(bytes[] memory made) private {
        bytes memory commitments = DkgVectors.commitments(2);
        vm.expectRevert(mismatch(2, keccak256(abi.encode(commitments, made)), DkgVectors.commitmentsHash(2)));
        vm.prank(oracle(2));
        committee.deal(EPOCH, commitments, DkgVectors.proof(2), made);
    }

    function bind(uint16 index, bytes32 content) private view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(committee), EPOCH, index, content));
    }

    function mismatch(uint16 index, bytes32 actual, bytes32 committed) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.CommitmentMismatch.selector, index, actual, committed);
    }
}
