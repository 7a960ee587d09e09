// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../../src/interfaces/IBrake.sol";
import {ActionKind, ConfirmStop} from "../../src/types/Actions.sol";
import {Charter} from "../Charter.sol";
import {Targets} from "../Targets.t.sol";

/// @dev A lineage whose scope is open, beside the scope of everything.
abstract contract BrakeTest is Targets {
    bytes32 internal constant EVERYTHING = 0;
    bytes32 internal constant LINEAGE = keccak256("lineage");
    bytes32 internal constant REPORT = keccak256("report");

    function setUp() public virtual override {
        super.setUp();
        vm.prank(address(releases));
        brake.openScope(LINEAGE);
    }

    function k() internal pure returns (uint256) {
        return Charter.parameters().pullSeats;
    }

    function confirming(uint64 stopId) internal pure returns (bytes memory) {
        return abi.encode(ConfirmStop(stopId));
    }

    function confirm(uint64 stopId) internal {
        enact(brake, ActionKind.ConfirmStop, confirming(stopId), 1);
    }

    function unexpectedStop(uint64 stopId, IBrake.StopStatus actual) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IBrake.UnexpectedStop.selector, stopId, actual, IBrake.StopStatus.Standing);
    }

    function assertStatus(uint64 stopId, IBrake.StopStatus expected) internal view {
        assertEq(uint256(brake.getStop(stopId).status), uint256(expected), "status of the stop");
    }

    function assertScope(bytes32 scope, uint256 standing, uint256 generation, uint256 pulled) internal view {
        IBrake.Scope memory actual = brake.getScope(scope);
        assertEq(actual.standing, standing, "standing");
        assertEq(actual.generation, generation, "generation");
        assertEq(actual.pulled, pulled, "stops ever");
    }
}
