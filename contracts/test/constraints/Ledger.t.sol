// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {ActionKind, Direction} from "../../src/types/Actions.sol";
import {ConstraintsTest} from "./ConstraintsTest.t.sol";

contract LedgerTest is ConstraintsTest {
    /// @dev One head for every chain, contract and charter: an entry of one says nothing in another.
    function test_ledger_beginsAtAHead_boundToChainContractAndCharter(uint64 chainId, bytes32 charterHash) public {
        vm.chainId(bound(chainId, 1, type(uint64).max - 1));
        bytes memory arguments = abi.encode(constraints.system(), charterHash, address(0));
        IConstraints other = IConstraints(deploy("Constraints.sol:Constraints", arguments));
        bytes32 genesis = keccak256(abi.encode("custodes/ledger/v1", block.chainid, address(other), charterHash));
        assertEq(other.genesisHead(), genesis, "genesis head");
        assertEq(other.head(), genesis, "head");
        assertEq(other.entryCount(), 0, "number of entries");
    }

    function test_ledger_isBoundToTheCharter() public view {
        bytes32 genesis =
            keccak256(abi.encode("custodes/ledger/v1", block.chainid, address(constraints), council.charterHash()));
        assertEq(constraints.genesisHead(), genesis, "genesis head");
    }

    function test_ledger_reverts_beyondItsLastEntry(uint64 n) public {
        add();
        vm.assume(n >= constraints.entryCount());
        vm.expectRevert();
        constraints.entry(n);
    }

    /// @dev R-Constraints-07. Invariants 14 and 15 on one story of every kind of change; the invariant tests do it on
    /// random ones.
    function test_ledger_isTheFoldOfItsEntries() public {
        uint40 expiresAt = uint40(nowAt() + 30 days);
        uint256[6] memory proposals;
        bytes32[6] memory versions;
        proposals[0] = enact(constraints, ActionKind.AddConstraint, adding(expiresAt, limits(100, 10)), 1);
        versions[0] = versionNow();
        vm.warp(nowAt() + 1 days);
        proposals[1] = enact(constraints, ActionKind.TightenParameter, changing(versions[0], TOKENS, 90), 1);
        versions[1] = versionNow();
        proposals[2] = enact(constraints, ActionKind.AmendTighter, amending(versions[1], 0), 3);
        versions[2] = versionNow();
        vm.warp(nowAt() + 1 days);
        proposals[3] = enact(constraints, ActionKind.LoosenParameter, changing(versions[2], TOKENS, 95), 3);
        versions[3] = versionNow();
        proposals[4] = enact(constraints, ActionKind.AmendLooser, amending(versions[3], expiresAt), 4);
        versions[4] = versionNow();
        proposals[5] = enact(constraints, ActionKind.RetireConstraint, retiring(versions[4]), 3);
        versions[5] = versionNow();

        assertEq(constraints.entryCount(), 6, "number of entries");
        bytes32 head = constraints.genesisHead();
        for (uint64 n; n < 6; ++n) {
            IConstraints.Entry memory e = constraints.entry(n);
            head = keccak256(
                abi.encode(head, n, e.kind, e.constraintId, e.documentHash, e.parent, e.tier, e.proposalId, e.time)
            );
            assertEq(e.head, head, "head");
            assertEq(e.head, versions[n], "the version is the head after the change");
            assertEq(e.parent, n == 0 ? bytes32(0) : versions[n - 1], "parent");
            assertEq(e.proposalId, proposals[n], "proposal");
            assertEq(e.constraintId, ID, "constraint");
        }
        assertEq(constraints.head(), head, "head");
        assertEq(constraints.entry(0).documentHash, keccak256(DOCUMENT), "document hash");
        bytes32 change = keccak256(abi.encode(TOKENS, Direction.Max, int128(100), int128(90)));
        assertEq(constraints.entry(1).documentHash, change, "document hash");
        assertEq(constraints.entry(2).documentHash, keccak256(OTHER_DOCUMENT), "document hash");
        assertEq(constraints.entry(5).documentHash, bytes32(0), "document hash");
        assertEq(constraints.entry(4).tier, 4, "tier");
        assertTrue(constraints.entry(3).kind == ActionKind.LoosenParameter, "kind");
        assertEq(constraints.entry(5).time, nowAt(), "time");
    }

    function test_ledger_emitsItsEntry() public {
        uint256 proposalId = nextProposal();
        uint40 time = uint40(nowAt());
        bytes32 documentHash = keccak256(DOCUMENT);
        ActionKind kind = ActionKind.AddConstraint;
        bytes32 head = keccak256(
            abi.encode(constraints.head(), uint64(0), kind, ID, documentHash, bytes32(0), uint8(2), proposalId, time)
        );
        vm.expectEmit(address(constraints));
        emit IConstraints.LedgerAdvanced(0, ID, proposalId, head, kind, documentHash, 0, 2, time);
        enact(constraints, kind, adding(0, limits(100, 10)), 2);
        assertEq(constraints.head(), head, "head");
    }
}
