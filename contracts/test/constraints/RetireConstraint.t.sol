// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {ConstraintsTest} from "./ConstraintsTest.t.sol";

contract RetireConstraintTest is ConstraintsTest {
    ActionKind private constant KIND = ActionKind.RetireConstraint;

    function test_retire_reverts_fromAnybodyButTheCouncil(address caller) public {
        assertOnlyCouncil(constraints, KIND, retiring(add()), caller);
    }

    function test_retire_reverts_unlessInForce() public {
        assertNeedsInForce(KIND, retiring(0));
    }

    function test_retire_reverts_onAnotherParent(bytes32 parent) public {
        bytes32 version = add();
        vm.assume(parent != version);
        assertRefused(constraints, KIND, retiring(parent), unexpectedParent(version, parent));
    }

    function test_retire_needsTierThree() public {
        assertTier(constraints, KIND, retiring(add()), 3);
    }

    function test_retire_endsTheConstraintAndKeepsItsText() public {
        bytes memory action = retiring(add());
        vm.expectEmit(address(constraints));
        emit IConstraints.ConstraintRetired(ID, nextProposal());
        enact(constraints, KIND, action, 3);
        IConstraints.Constraint memory retired = constraints.getConstraint(ID);
        assertTrue(retired.status == IConstraints.Status.Retired, "status");
        assertEq(retired.documentHash, keccak256(DOCUMENT), "document hash");
        assertEq(retired.version, constraints.head(), "version");
        IConstraints.Entry memory entry = constraints.entry(constraints.entryCount() - 1);
        assertTrue(entry.kind == KIND && entry.documentHash == 0, "what the ledger says");
        assertValue(TOKENS, 100);
    }
}
