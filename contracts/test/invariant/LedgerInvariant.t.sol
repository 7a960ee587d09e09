// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {Proposal, ProposalState} from "../../src/types/Proposals.sol";
import {Base} from "../Base.t.sol";
import {Charter} from "../Charter.sol";
import {LedgerHandler} from "./LedgerHandler.t.sol";

/// forge-config: default.invariant.runs = 10
/// forge-config: default.invariant.depth = 64
/// forge-config: ci.invariant.runs = 32
/// forge-config: ci.invariant.depth = 96
contract LedgerInvariantTest is Base {
    LedgerHandler private handler;

    function setUp() public override {
        super.setUp();
        address[] memory keys = new address[](Charter.SEATS);
        for (uint256 i; i < keys.length; ++i) {
            keys[i] = voters[i];
        }
        handler = new LedgerHandler(sys, keys);
        handler.add(1, 0, 100, 10);
        handler.add(2, 1, 0, 0);
        handler.add(3, 2, -5, 5);
        handler.execute(0, 4 days);
        assertEq(constraints.entryCount(), 3, "a ledger to begin with");
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @dev 14. The ledger head is the fold of its entries; append-only. 15. It changes only through an executed
    /// proposal whose expected parent held.
    function invariant_ledgerIsTheFoldOfExecutedProposals() public view {
        bytes32 head = constraints.genesisHead();
        uint64 count = constraints.entryCount();
        assertEq(count, handler.seenCount(), "one entry an execution");
        bytes32[3] memory versions;
        for (uint64 n; n < count; ++n) {
            IConstraints.Entry memory e = constraints.entry(n);
            assertEq(keccak256(abi.encode(e)), handler.seen(n), "an entry is never rewritten");
            head = keccak256(
                abi.encode(head, n, e.kind, e.constraintId, e.documentHash, e.parent, e.tier, e.proposalId, e.time)
            );
            assertEq(e.head, head, "head of the entry");

            uint8 which;
            while (handler.idOf(which) != e.constraintId) ++which;
            assertEq(e.parent, versions[which], "the parent is the version before");
            versions[which] = head;

            Proposal memory p = council.getProposal(e.proposalId);
            assertTrue(council.state(e.proposalId) == ProposalState.Executed, "executed");
            assertEq(p.kind, uint8(e.kind), "kind");
            assertEq(p.tier, e.tier, "tier");
        }
        assertEq(constraints.head(), head, "head");
        for (uint8 which; which < 3; ++which) {
            assertEq(constraints.getConstraint(handler.idOf(which)).version, versions[which], "version");
        }
        assertFalse(handler.writtenWithoutVote(), "written without a vote");
    }

    /// @dev 9. No tier 1 execution ever moves a parameter against its direction, ends a constraint or its term.
    function invariant_loosensOnlyAtTierThree() public view {
        assertFalse(handler.loosenedEasily(), "loosened below tier 3");
    }
}
