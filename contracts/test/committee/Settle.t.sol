// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {DkgVectors} from "../vectors/DkgVectors.sol";
import {CommitteeTest} from "./CommitteeTest.t.sol";

/// @dev The sums of what was dealt: the key, and every member's public share.
contract SettleTest is CommitteeTest {
    function test_settle_reverts_inAnotherPhase() public {
        toDealing();
        vm.expectRevert(unexpectedPhase(ICommittee.Phase.Dealing, ICommittee.Phase.Settling));
        settle(0);
    }

    function test_settle_reverts_afterTheDeadline() public {
        toSettling();
        uint40 endsAt = phaseEndsAt();
        vm.warp(endsAt + 1);
        vm.expectRevert(phaseDeadline(endsAt));
        settle(0);
        vm.warp(endsAt);
        settle(0);
    }

    function test_settle_reverts_whileEverythingIsStopped() public {
        toSettling();
        stop(0);
        vm.expectRevert(everythingStopped());
        settle(0);
    }

    function test_settle_reverts_withoutOneOfThem() public {
        toSettling();
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongDealings.selector, EPOCH, SIZE - 1, SIZE));
        settle(3);
    }

    function test_settle_reverts_onOtherCommitmentsThanDealt() public {
        toSettling();
        bytes[] memory dealt = all();
        (dealt[1], dealt[2]) = (dealt[2], dealt[1]);
        bytes32 given = keccak256(abi.encode(block.chainid, address(committee), EPOCH, uint16(2), keccak256(dealt[1])));
        vm.expectRevert(
            abi.encodeWithSelector(
                ICommittee.CommitmentMismatch.selector, uint16(2), given, DkgVectors.commitmentsHash(2)
            )
        );
        committee.settle(EPOCH, dealt);
    }

    function test_settle_makesTheKey_byAnybody() public {
        toSettling();
        skip(1 hours);
        uint16[] memory dealers = new uint16[](SIZE);
        for (uint16 i; i < SIZE; ++i) {
            dealers[i] = i + 1;
        }
        vm.expectEmit(address(committee));
        emit ICommittee.Settled(EPOCH, dealers, keccak256(DkgVectors.KEY));
        vm.expectEmit(address(committee));
        emit ICommittee.PhaseAdvanced(EPOCH, ICommittee.Phase.Acknowledging, uint40(nowAt() + 1 days));
        vm.prank(STRANGER);
        committee.settle(EPOCH, all());
        assertEq(committee.aggregate(EPOCH), DkgVectors.AGGREGATE, "sums");
        assertEq(committee.getEpoch(EPOCH).keyHash, keccak256(DkgVectors.KEY), "hash of the key");
        assertEq(committee.getEpoch(EPOCH).qualified, 31, "all qualify");
        for (uint16 member = 1; member <= SIZE; ++member) {
            assertEq(committee.verificationKey(EPOCH, member), DkgVectors.publicShare(member), "public share");
        }
        assertEq(committee.verificationKey(EPOCH, 6).length, 0, "no member, no share");
        assertEq(committee.key().length, 0, "not in force");
        assertEq(committee.keyHash(), bytes32(0), "not in force");
    }

    /// @dev Dealer 5 knows what the others dealt and cancels it. In truth its hash was posted before it could know.
    function test_settle_reverts_ifTheKeyWouldBeTheIdentity() public {
        (bytes memory commitments, bytes32 hash, bytes memory proof) = DkgVectors.cancelling();
        assertSumsRefused(commitments, hash, proof);
    }

    /// @dev The sums would have a lower degree: fewer than t shares would give the key.
    function test_settle_reverts_ifTheDegreeWouldFall() public {
        (bytes memory commitments, bytes32 hash, bytes memory proof) = DkgVectors.degreeLowering();
        assertSumsRefused(commitments, hash, proof);
    }

    function all() private pure returns (bytes[] memory dealt) {
        dealt = new bytes[](SIZE);
        for (uint256 i; i < SIZE; ++i) {
            dealt[i] = DkgVectors.commitments(i + 1);
        }
    }

    /// @dev The epoch cannot be settled, and aborts at its deadline.
    function assertSumsRefused(bytes memory commitments, bytes32 hash, bytes memory proof) private {
        form();
        for (uint256 member = 1; member < SIZE; ++member) {
            register(member);
        }
        registerWith(5, hash);
        for (uint256 member = 1; member < SIZE; ++member) {
            deal(member);
        }
        dealWith(5, commitments, proof);
        bytes[] memory dealt = all();
        dealt[4] = commitments;
        vm.expectRevert(badPoint());
        committee.settle{gas: GAS}(EPOCH, dealt);
        vm.warp(phaseEndsAt() + 1);
        vm.expectEmit(address(committee));
        emit ICommittee.EpochAborted(EPOCH, ICommittee.Phase.Settling, "nobody settled the sums");
        committee.advance(EPOCH);
    }
}
