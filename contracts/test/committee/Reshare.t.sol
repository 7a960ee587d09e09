// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {FormCommittee, OracleMember} from "../../src/types/Actions.sol";
import {DkgVectors} from "../vectors/DkgVectors.sol";
import {CommitteeTest} from "./CommitteeTest.t.sol";

/// @dev Members 1 to 5 of epoch 1 deal its key again to five others, 6 to 10. The key stays (invariant 22).
contract ReshareTest is CommitteeTest {
    uint64 internal constant NEXT = 2;

    function setUp() public override {
        super.setUp();
        toInForce();
    }

    function test_reshare_reverts_ofAnotherEpochThanTheOneInForce() public {
        FormCommittee memory formed = others();
        formed.predecessor = 0;
        assertRefused(committee, FORM, abi.encode(formed), busy(1, ICommittee.Phase.InForce));
        formed.predecessor = 2;
        assertRefused(committee, FORM, abi.encode(formed), busy(1, ICommittee.Phase.InForce));
    }

    function test_reshare_reverts_whileEverythingIsStopped() public {
        stop(0);
        assertRefused(committee, FORM, abi.encode(others()), everythingStopped());
    }

    function test_reshare_reverts_aSecondTime() public {
        toNextInForce();
        assertRefused(committee, FORM, abi.encode(others()), busy(2, ICommittee.Phase.InForce));
    }

    function test_register_reverts_withCommitments() public {
        reshare();
        vm.expectRevert(
            abi.encodeWithSelector(
                ICommittee.CommitmentMismatch.selector, uint16(6), keccak256(transportKey(6)), bytes32(uint256(1))
            )
        );
        vm.prank(oracle(6));
        committee.register(NEXT, transportKey(6), bytes32(uint256(1)));
    }

    function test_register_reverts_fromALeaver() public {
        reshare();
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotMember.selector, NEXT, oracle(1)));
        registerNext(1);
    }

    function test_deal_reverts_fromANewMember() public {
        toNextDealing();
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotMember.selector, EPOCH, oracle(6)));
        vm.prank(oracle(6));
        committee.deal(NEXT, DkgVectors.nextCommitments(1), DkgVectors.nextProof(1), nextEnvelopes());
    }

    /// @dev It would move the key.
    function test_deal_reverts_onAnythingButTheDealersShare() public {
        toNextDealing();
        bytes memory commitments = DkgVectors.nextCommitments(2);
        bytes memory constantTerm = DkgVectors.publicShare(2);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICommittee.NotItsShare.selector,
                uint16(1),
                keccak256(constantTerm),
                keccak256(DkgVectors.publicShare(1))
            )
        );
        dealNextWith(1, commitments, DkgVectors.nextProof(2));
    }

    function test_deal_reverts_onAProofOfAnotherDealer() public {
        toNextDealing();
        bytes memory commitments = DkgVectors.nextCommitments(1);
        vm.expectRevert(badProof(1));
        dealNextWith(1, commitments, DkgVectors.nextProof(2));
    }

    function test_settle_takesTheFirstThreeByIndex() public {
        toNextDealing();
        for (uint256 dealer = 5; dealer > 0; --dealer) {
            dealNext(dealer);
        }
        assertNextPhase(ICommittee.Phase.Settling);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongDealings.selector, NEXT, 5, 3));
        settleNext(five(1, 2, 3, 4, 5));
        bytes[] memory later = five(2, 3, 4, 0, 0);
        vm.expectPartialRevert(ICommittee.CommitmentMismatch.selector);
        settleNext(later);
        settleNext(five(1, 2, 3, 0, 0));
        assertEq(committee.getEpoch(NEXT).keyHash, keccak256(DkgVectors.KEY), "the same key");
        assertEq(committee.getEpoch(NEXT).qualified, 7, "the first three");
    }

    function test_settle_reverts_ifTheDealingsAreTooFew() public {
        toNextDealing();
        dealNext(1);
        dealNext(2);
        vm.warp(committee.getEpoch(NEXT).phaseEndsAt + 1);
        vm.expectEmit(address(committee));
        emit ICommittee.EpochAborted(NEXT, ICommittee.Phase.Dealing, "too few dealt");
        committee.advance(NEXT);
        assertEq(committee.currentEpoch(), EPOCH, "the old one stays in force");
        assertPhase(ICommittee.Phase.InForce, "phase of the old one");
    }

    /// @dev Member 3 is gone. Its place is taken by the next one, and the key stays.
    function test_reshare_putsTheSameKeyInForce_withALeaverAbsent() public {
        registerModel();
        bytes32 releaseId = grantRelease();
        bytes32 old = request(releaseId, WORKER, 0);
        approveByThree(old);
        post(old, 1, 0);

        toNextDealing();
        for (uint256 dealer = 1; dealer <= 5; ++dealer) {
            if (dealer != 3) dealNext(dealer);
        }
        vm.warp(committee.getEpoch(NEXT).phaseEndsAt + 1);
        committee.advance(NEXT);
        settleNext(five(1, 2, 4, 0, 0));
        assertEq(committee.aggregate(NEXT), DkgVectors.NEXT_AGGREGATE, "interpolated");
        for (uint256 member = 6; member < 10; ++member) {
            acknowledgeNext(member);
        }
        assertEq(committee.currentEpoch(), EPOCH, "until all have their shares");
        vm.expectEmit(address(committee));
        emit ICommittee.Acknowledged(NEXT, 10, DkgVectors.nextPublicShare(10));
        vm.expectEmit(address(committee));
        emit ICommittee.EpochInForce(NEXT, keccak256(DkgVectors.KEY), DkgVectors.KEY);
        acknowledgeNext(10);
        assertEq(committee.currentEpoch(), NEXT, "in force");
        assertPhase(ICommittee.Phase.Superseded, "phase of the old one");
        assertEq(committee.key(), DkgVectors.KEY, "key");

        // What was asked of the old committee is answered no more, and the worker asks the new one at once.
        uint40 expiresAt = committee.getRequest(old).expiresAt;
        vm.warp(expiresAt - 1);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoOpenRequest.selector, old, expiresAt));
        post(old, 2, 0);
        bytes32 requested = request(releaseId, WORKER, 1);
        for (uint256 member = 6; member <= 8; ++member) {
            approve(requested, member);
        }
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotMember.selector, NEXT, oracle(1)));
        approve(requested, 1);
        bytes memory share = DkgVectors.nextPublicShare(6);
        bytes memory data = postData(requested, DkgVectors.NEXT_PARTIAL, DkgVectors.transportKey(1), share);
        postRaw(oracle(6), data);
        assertEq(committee.getRequest(requested).partials, 1, "a partial of the new committee");
    }

    /// @dev The next valid dealer takes the place of one that is disqualified.
    function test_settle_again_withoutADisqualifiedDealer() public {
        toNextDealing();
        for (uint256 dealer = 1; dealer <= 5; ++dealer) {
            dealNext(dealer);
        }
        settleNext(five(1, 2, 3, 0, 0));
        uint16[] memory named = new uint16[](1);
        named[0] = 3;
        for (uint256 member = 6; member <= 8; ++member) {
            vm.prank(oracle(member));
            committee.complain(NEXT, named);
        }
        vm.warp(committee.getEpoch(NEXT).phaseEndsAt + 1);
        committee.advance(NEXT);
        assertNextPhase(ICommittee.Phase.Settling);
        settleNext(five(1, 2, 4, 0, 0));
        assertNextPhase(ICommittee.Phase.Confirming);
        assertEq(committee.aggregate(NEXT), DkgVectors.NEXT_AGGREGATE, "interpolated");
        for (uint256 member = 6; member <= 10; ++member) {
            acknowledgeNext(member);
        }
        assertEq(committee.key(), DkgVectors.KEY, "key");
    }

    // --- helpers

    /// @dev Members 6 to 10 of the organisations 5 to 9.
    function others() private pure returns (FormCommittee memory formed) {
        formed = formation();
        formed.predecessor = EPOCH;
        for (uint256 i; i < SIZE; ++i) {
            formed.members[i] = OracleMember(organisationId(i + 5), oracle(i + 6));
        }
    }

    function reshare() private {
        enact(committee, FORM, abi.encode(others()), 4);
    }

    function registerNext(uint256 member) private {
        vm.prank(oracle(member));
        committee.register(NEXT, transportKey(member), 0);
    }

    function toNextDealing() private {
        reshare();
        for (uint256 member = 6; member <= 10; ++member) {
            registerNext(member);
        }
        assertNextPhase(ICommittee.Phase.Dealing);
    }

    function nextEnvelopes() private pure returns (bytes[] memory made) {
        made = new bytes[](SIZE);
        for (uint256 i; i < SIZE; ++i) {
            made[i] = "envelope";
        }
    }

    function dealNext(uint256 dealer) private {
        dealNextWith(dealer, DkgVectors.nextCommitments(dealer), DkgVectors.nextProof(dealer));
    }

    function dealNextWith(uint256 dealer, bytes memory commitments, bytes memory proof) private {
        vm.prank(oracle(dealer));
        committee.deal{gas: GAS}(NEXT, commitments, proof, nextEnvelopes());
    }

    function five(uint256 a, uint256 b, uint256 c, uint256 d, uint256 e) private pure returns (bytes[] memory dealt) {
        uint256[5] memory dealers = [a, b, c, d, e];
        dealt = new bytes[](d == 0 ? 3 : 5);
        for (uint256 i; i < dealt.length; ++i) {
            dealt[i] = DkgVectors.nextCommitments(dealers[i]);
        }
    }

    function settleNext(bytes[] memory dealt) private {
        committee.settle{gas: GAS}(NEXT, dealt);
    }

    function acknowledgeNext(uint256 member) private {
        vm.prank(oracle(member));
        committee.acknowledge{gas: GAS}(NEXT, DkgVectors.nextAcknowledgement(member));
    }

    function toNextInForce() private {
        toNextDealing();
        for (uint256 dealer = 1; dealer <= 5; ++dealer) {
            if (dealer != 3) dealNext(dealer);
        }
        vm.warp(committee.getEpoch(NEXT).phaseEndsAt + 1);
        committee.advance(NEXT);
        settleNext(five(1, 2, 4, 0, 0));
        for (uint256 member = 6; member <= 10; ++member) {
            acknowledgeNext(member);
        }
    }

    function assertNextPhase(ICommittee.Phase expected) private view {
        assertEq(uint256(committee.getEpoch(NEXT).phase), uint256(expected), "phase");
    }

    function busy(uint64 epoch, ICommittee.Phase phase) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.CommitteeBusy.selector, epoch, phase);
    }
}
