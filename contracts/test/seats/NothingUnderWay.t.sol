// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISeats} from "../../src/interfaces/ISeats.sol";
import {Vm} from "../Vm.sol";
import {SeatsTest} from "./SeatsTest.t.sol";

/// @dev Whoever replays the ledger from its events must not read of the end of what was never begun.
contract NothingUnderWayTest is SeatsTest {
    uint256 private constant NEXT_SECRET = uint256(keccak256("next key")) >> 1;

    function test_suspension_cancelsNoRotation_whereNoneIsPending(uint8 seat) public {
        seat = uint8(bound(seat, 0, 14));
        vm.recordLogs();
        suspend(seat);
        assertNoEnd();
    }

    function test_recovery_cancelsNoRotation_whereNoneIsPending() public {
        address next = vm.addr(NEXT_SECRET);
        bytes memory possession = sign(NEXT_SECRET, seats.rotationDigest(0, next));
        vm.recordLogs();
        vm.prank(guardians[0]);
        seats.recoverKey(0, next, possession);
        assertNoEnd();
    }

    function assertNoEnd() private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertTrue(logs.length != 0, "nothing was recorded");
        for (uint256 i; i < logs.length; ++i) {
            assertTrue(logs[i].topics[0] != ISeats.RotationCancelled.selector, "a rotation was cancelled");
            assertTrue(logs[i].topics[0] != ISeats.SilenceEnded.selector, "a silence was ended");
        }
    }
}
