// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {Bls12381} from "../../src/libraries/Bls12381.sol";
import {CommitteeTest} from "../committee/CommitteeTest.t.sol";
import {DkgVectors} from "../vectors/DkgVectors.sol";

/// @dev A worker that may use one model tries to be given the key of another.
contract BlindingAttacks is CommitteeTest {
    /// @dev It posts T = tau H(id') in place of tau H(id). Members answer x_i T, and t answers, divided by tau, are the
    /// identity key of id', for which nobody has voted. It knows tau, and proves what it can.
    function test_blinding_ofAnIdentity_thatWasNotReleased() public {
        bytes32 releaseId = toReleased();
        bytes memory wanted = committee.hashToG1(keccak256("the identity of a model that nobody released"));
        uint256 secret = uint256(DkgVectors.transportSecret(0));
        bytes memory key = Bls12381.combineTwo(wanted, secret, wanted, 0);
        bytes memory proof = proofOf(releaseId, WORKER, key, secret);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadPoint.selector));
        vm.prank(WORKER);
        committee.requestUnlock{gas: GAS}(releaseId, key, proof);
    }
}
