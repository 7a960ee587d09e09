// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {Proposal, ProposalState} from "../../src/types/Proposals.sol";
import {Campaign} from "./Campaign.t.sol";
import {LedgerHandler} from "./LedgerHandler.t.sol";

/// forge-config: default.invariant.runs = 10
/// forge-config: default.invariant.depth = 64
/// forge-config: ci.invariant.runs = 22
/// forge-config: ci.invariant.depth = 96
contract LedgerInvariantTest is Campaign {
    LedgerHandler private handler;

    function setUp() public override {
        super.setUp();
        handler = new LedgerHandler(sys, keys());
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

    /// @dev 14. The ledger head is the fold of its entries; append-only.
    function invariant_14_headIsTheFoldOfEntriesThatStay() public view {
        bytes32 head = constraints.genesisHead();
        uint64 count = constraints.entryCount();
        assertEq(count, handler.seenCount(), "one entry an execution");
        for (uint64 n; n < count; ++n) {
            IConstraints.Entry memory e = constraints.entry(n);
            assertEq(keccak256(abi.encode(e)), handler.seen(n), "an entry is never rewritten");
            head = keccak256(
                abi.encode(head, n, e.kind, e.constraintId, e.documentHash, e.parent, e.tier, e.proposalId, e.time)
            );
            assertEq(e.head, head, "head of the entry");
        }
        assertEq(constraints.head(), head, "head");
    }

    /// @dev 15. It changes only through an executed proposal whose expected parent held.
    function invariant_15_everyEntryIsAnExecutedProposalOnItsParent() public view {
        bytes32[3] memory versions;
        for (uint64 n; n < constraints.entryCount(); ++n) {
            IConstraints.Entry memory e = constraints.entry(n);
            uint8 which;
            while (handler.idOf(which) != e.constraintId) ++which;
            assertEq(e.parent, versions[which], "the parent is the version before");
            versions[which] = e.head;

            Proposal memory p = council.getProposal(e.proposalId);
            assertTrue(council.state(e.proposalId) == ProposalState.Executed, "executed");
            assertEq(p.kind, uint8(e.kind), "kind");
            assertEq(p.tier, e.tier, "tier");
        }
        for (uint8 which; which < 3; ++which) {
            assertEq(constraints.getConstraint(handler.idOf(which)).version, versions[which], "version");
        }
        assertFalse(handler.writtenWithoutVote(), "written without a vote");
    }

    /// @dev 9. No tier 1 execution ever moves a parameter against its direction, ends a constraint or its term.
    function invariant_09_loosensOnlyAtTierThree() public view {
        assertFalse(handler.loosenedEasily(), "loosened below tier 3");
    }

    /// @dev The proof that the campaigns reach what they are meant to judge: every kind of change, second rounds, and
    /// changes that found another version. A fixed course of the same moves.
    function test_handler_reachesDeepStates() public {
        uint256 seed = 7;
        for (uint256 i; i < 260; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            try this.step(seed % 9, seed >> 8) {} catch {} // as in a campaign, a move may be refused
        }
        for (uint8 kind = uint8(ActionKind.AddConstraint); kind <= uint8(ActionKind.AmendTighter); ++kind) {
            assertReached("tightened", handler.executions(ActionKind(kind)));
        }
        for (uint8 kind = uint8(ActionKind.LoosenParameter); kind <= uint8(ActionKind.RetireConstraint); ++kind) {
            assertReached("loosened", handler.executions(ActionKind(kind)));
        }
        assertReached("escalated", handler.escalations());
        invariant_09_loosensOnlyAtTierThree();
        invariant_14_headIsTheFoldOfEntriesThatStay();
        invariant_15_everyEntryIsAnExecutedProposalOnItsParent();
    }

    function step(uint256 move, uint256 a) external {
        uint8 which = uint8(a >> 64);
        if (move == 0) handler.tighten(a, which, a % 2 == 0, uint8(1 + a % 7));
        else if (move == 1) handler.loosen(a, which, a % 2 == 0, uint8(1 + a % 7));
        else if (move == 2) handler.mislabel(a, which, a % 2 == 0, a % 3 == 0, int8(uint8(a >> 16)));
        else if (move == 3) handler.amend(a, which, true);
        else if (move == 4) handler.amend(a, which, false);
        else if (move == 5) handler.retire(a, which);
        else if (move == 6) handler.object(a, uint8(a >> 8));
        else if (move == 7) handler.write(address(uint160(a)), uint8(a >> 8), which, int8(uint8(a >> 16)), 4);
        else handler.execute(a, uint32(a >> 32));
        // What loosens waits long, and another change before its eta makes it stale.
        for (uint256 i; i < 3 && (move == 1 || move == 4 || move == 5); ++i) {
            handler.execute(a, 10 days);
        }
    }
}
