// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {DkgVectors} from "../vectors/DkgVectors.sol";
import {CommitteeTest} from "./CommitteeTest.t.sol";

contract AcknowledgeTest is CommitteeTest {
    function test_acknowledge_reverts_beforeAllHaveDealt() public {
        toDealing();
        for (uint256 member = 1; member < SIZE; ++member) {
            deal(member);
        }
        vm.expectRevert(unexpectedPhase(ICommittee.Phase.Dealing, ICommittee.Phase.Acknowledging));
        acknowledge(1);
    }

    function test_acknowledge_reverts_afterTheDeadline() public {
        toAcknowledging();
        uint40 endsAt = phaseEndsAt();
        vm.warp(endsAt);
        acknowledge(1); // the last second counts
        vm.warp(endsAt + 1);
        vm.expectRevert(phaseDeadline(endsAt));
        acknowledge(2);
    }

    function test_acknowledge_reverts_whileEverythingIsStopped() public {
        toAcknowledging();
        stop(0);
        vm.expectRevert(everythingStopped());
        acknowledge(1);
    }

    function test_acknowledge_reverts_fromAStranger() public {
        toAcknowledging();
        vm.expectRevert(notMember(STRANGER));
        vm.prank(STRANGER);
        committee.acknowledge(EPOCH, DkgVectors.acknowledgement(1));
    }

    function test_acknowledge_reverts_aSecondTime() public {
        toAcknowledging();
        acknowledge(1);
        vm.expectRevert(alreadyDone(1));
        acknowledge(1);
    }

    function test_acknowledge_reverts_onAProofWithAnotherShare() public {
        toAcknowledging();
        vm.expectRevert(badProof(2));
        acknowledgeWith(2, DkgVectors.wrongShare());
    }

    function test_acknowledge_reverts_onAnotherMembersProof() public {
        toAcknowledging();
        for (uint16 other = 1; other <= SIZE; ++other) {
            if (other == 2) continue;
            vm.expectRevert(badProof(2));
            acknowledgeWith(2, DkgVectors.acknowledgement(other));
        }
    }

    function test_acknowledge_reverts_onAProofForAnotherEpoch() public {
        toAcknowledging();
        vm.expectRevert(badProof(2));
        acknowledgeWith(2, DkgVectors.shareOtherEpoch());
    }

    /// @dev The same message and secret under the tag of dealers: no proof of one use serves another.
    function test_acknowledge_reverts_onAProofForAnotherUse() public {
        toAcknowledging();
        vm.expectRevert(badProof(2));
        acknowledgeWith(2, DkgVectors.shareOtherUse());
    }

    function test_acknowledge_reverts_onTheIdentityAsProof() public {
        toAcknowledging();
        vm.expectRevert(badProof(2));
        acknowledgeWith(2, new bytes(128));
    }

    /// @dev Pairs hidden in a proof that is too long would make the product of pairings one, without any secret.
    function test_acknowledge_reverts_onAProofThatHidesAPair() public {
        toAcknowledging();
        vm.expectRevert(badPoint());
        acknowledgeWith(2, DkgVectors.FORGED_ACKNOWLEDGEMENT);
    }

    function test_acknowledge_reverts_onAProofOutsideOfTheSubgroup() public {
        toAcknowledging();
        vm.expectRevert(badPoint());
        acknowledgeWith(2, DkgVectors.G1_LOW_ORDER);
    }

    /// @dev All dealers together gave member 4 the share 0: anybody could answer in its name.
    function test_acknowledge_reverts_ifThePublicShareIsTheIdentity() public {
        (bytes memory commitments, bytes32 hash, bytes memory proof) = DkgVectors.withRoot();
        form();
        for (uint256 member = 1; member < SIZE; ++member) {
            register(member);
        }
        registerWith(5, hash);
        for (uint256 member = 1; member < SIZE; ++member) {
            deal(member);
        }
        dealWith(5, commitments, proof);
        bytes[] memory dealt = new bytes[](SIZE);
        for (uint256 i; i < SIZE; ++i) {
            dealt[i] = i == 4 ? commitments : DkgVectors.commitments(i + 1);
        }
        committee.settle(EPOCH, dealt);
        assertEq(committee.verificationKey(EPOCH, 4), new bytes(256), "the identity");
        vm.expectRevert(badPoint());
        acknowledgeWith(4, new bytes(128));
    }

    function test_acknowledge_keepsTheHashOfThePublicShare() public {
        toAcknowledging();
        vm.expectEmit(address(committee));
        emit ICommittee.Acknowledged(EPOCH, 3, DkgVectors.publicShare(3));
        acknowledge(3);
        ICommittee.Member memory member = committee.getMembers(EPOCH)[2];
        assertEq(member.verificationKeyHash, keccak256(DkgVectors.publicShare(3)), "hash of the public share");
        assertEq(committee.getEpoch(EPOCH).acknowledged, 1, "count");
        assertPhase(ICommittee.Phase.Acknowledging, "phase");
    }

    function test_acknowledge_putsTheKeyInForce_whenAllHave() public {
        toAcknowledging();
        for (uint256 member = SIZE; member > 1; --member) {
            acknowledge(member);
        }
        assertEq(committee.currentEpoch(), 0, "none in force");
        vm.expectEmit(address(committee));
        emit ICommittee.Acknowledged(EPOCH, 1, DkgVectors.publicShare(1));
        vm.expectEmit(address(committee));
        emit ICommittee.EpochInForce(EPOCH, keccak256(DkgVectors.KEY), DkgVectors.KEY);
        acknowledge(1);
        assertPhase(ICommittee.Phase.InForce, "phase");
        assertEq(committee.currentEpoch(), EPOCH, "epoch");
        assertEq(committee.key(), DkgVectors.KEY, "key");
        assertEq(committee.keyHash(), keccak256(DkgVectors.KEY), "hash of the key");
    }
}
