// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "../../src/interfaces/IActionTarget.sol";
import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {System} from "../../src/types/System.sol";
import {SuccessionTest} from "./SuccessionTest.t.sol";

/// @dev R-Constraints-10: a system with a predecessor is inert until that one's vote named it, and takes over once.
contract TakeOverTest is SuccessionTest {
    // --- refusals

    function test_activate_reverts_whileThePredecessorLives() public {
        deployNext(sys.council);
        use(next);
        vm.expectRevert(notNamed(address(0)));
        council.activate();
        assertInert();
    }

    function test_activate_reverts_whenAnotherWasNamed() public {
        deployNext(sys.council);
        System memory other = next;
        use(old);
        deployNext(sys.council);
        name(other);
        use(next);
        vm.expectRevert(notNamed(other.council));
        council.activate();
        assertInert();
        vm.expectRevert(notNamed(other.council));
        brake.importStops(1);
    }

    /// @dev Named, it is still inert until it has taken everything over.
    function test_propose_reverts_betweenNameAndTakeOver() public {
        deployNext(sys.council);
        stop(0);
        name(next);
        use(next);
        brake.importStops(1);
        assertInert();
    }

    /// @dev Whoever follows nobody has nothing to take over.
    function test_activate_takesNothing_withoutAPredecessor() public {
        vm.expectRevert(abi.encodeWithSelector(IConstraints.NothingToInherit.selector));
        constraints.inheritance();
        vm.expectRevert(abi.encodeWithSelector(IConstraints.NothingToInherit.selector));
        brake.importStops(1);
        assertEq(constraints.predecessor(), address(0), "predecessor");
        assertEq(constraints.firstEntry(), 0, "first entry");
    }

    function test_importStops_reverts_afterTheTakeOver() public {
        succeed();
        use(old);
        stop(0);
        use(next);
        vm.expectRevert(abi.encodeWithSelector(IConstraints.NothingToInherit.selector));
        brake.importStops(1);
        assertEq(brake.stopCount(), 0, "stops");
    }

    /// forge-config: default.fuzz.runs = 16
    function test_begin_reverts_fromAnybodyButTheCouncil(address caller) public {
        vm.assume(caller != address(council));
        bytes32 charter = council.charterHash();
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IActionTarget.OnlyCouncil.selector, caller));
        constraints.begin(charter);
    }

    /// @dev What is not a Council that ends is no predecessor.
    function test_activate_reverts_whenThePredecessorIsAnotherPart() public {
        deployNext(sys.brake);
        name(next);
        use(next);
        vm.expectRevert();
        council.activate();
        assertInert();
    }

    // --- the take-over

    function test_activate_takesOver_byAnybody() public {
        uint256 entries = 2;
        carry(ActionKind.AddConstraint, addConstraint("a"));
        carry(ActionKind.AddConstraint, addConstraint("b"));
        deployNext(sys.council);
        assertEq(IConstraints(next.constraints).head(), bytes32(0), "no head before");
        name(next);
        bytes32 head = constraints.head();
        use(next);
        vm.expectEmit(address(council));
        emit ICouncil.Activated(council.charterHash());
        vm.expectEmit(address(constraints));
        emit IConstraints.LedgerInherited(old.council, uint64(entries), head);
        vm.prank(STRANGER);
        council.activate();
        assertTrue(council.active(), "active");
        assertEq(constraints.predecessor(), old.council, "predecessor");
        assertEq(constraints.genesisHead(), head, "genesis head");
        assertEq(constraints.head(), head, "head");
        assertEq(constraints.firstEntry(), entries, "first entry");
        assertEq(constraints.entryCount(), entries, "entries");
        carry(ActionKind.AddConstraint, addConstraint("c"));
    }

    function test_activate_isSilent_theSecondTime_withAPredecessor() public {
        succeed();
        carry(ActionKind.AddConstraint, addConstraint("c"));
        bytes32 head = constraints.head();
        vm.recordLogs();
        council.activate();
        assertEq(vm.getRecordedLogs().length, 0, "logs");
        assertEq(constraints.head(), head, "head");
    }

    function assertInert() private {
        assertFalse(council.active(), "active");
        assertEq(constraints.head(), bytes32(0), "head");
        for (uint8 kind = 1; kind <= uint8(type(ActionKind).max); ++kind) {
            vm.prank(voters[kind % 15]);
            vm.expectRevert(abi.encodeWithSelector(ICouncil.NotActive.selector));
            council.propose(ActionKind(kind), "", "early");
        }
        vm.prank(voters[0]);
        vm.expectRevert(abi.encodeWithSelector(ICouncil.NotActive.selector));
        brake.pull(0, keccak256("report"), 3, "early");
    }
}
