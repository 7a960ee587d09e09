// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {ProposalState, Support} from "../../src/types/Proposals.sol";
import {System} from "../../src/types/System.sol";
import {Test} from "../Test.sol";

/// @dev The seats, as a handler of invariant tests plays them: proposals on the table, voted for, executed at some
/// time.
abstract contract LedgerVoters is Test {
    struct Pending {
        uint256 proposalId;
        ActionKind kind;
        bytes action;
    }

    ICouncil internal immutable COUNCIL;
    uint256 private immutable LONGEST_WAIT; // [seconds]
    address[] internal voters;
    Pending[] internal pending;

    constructor(System memory sys, address[] memory keys, uint256 longestWait) {
        COUNCIL = ICouncil(sys.council);
        voters = keys;
        LONGEST_WAIT = longestWait;
    }

    /// @dev So long that some proposals come to their eta, some expire.
    function wait(uint32 time) public {
        vm.warp(nowAt() + bound(time, 1, LONGEST_WAIT));
    }

    /// @dev Proposed by some seat if that is possible now, and voted for: mostly by all, sometimes by a few.
    function _table(uint256 seed, ActionKind kind, bytes memory action) internal returns (uint256 proposalId) {
        vm.prank(voters[seed % voters.length]);
        try COUNCIL.propose(kind, action, "") returns (uint256 made) {
            proposalId = made;
        } catch {
            return 0;
        }
        if (seed % 8 == 7) _vote(proposalId, uint64(seed >> 128));
        else _voteAll(proposalId);
        pending.push(Pending(proposalId, kind, action));
    }

    /// @dev The first of those on the table, from `which` on, that can be executed now. What is over is taken away.
    function _execute(uint256 which) internal returns (bool executed, Pending memory chosen, uint8 tier) {
        for (uint256 left = pending.length; left != 0 && !executed; --left) {
            which %= pending.length;
            chosen = pending[which];
            tier = COUNCIL.getProposal(chosen.proposalId).tier;
            try COUNCIL.execute(chosen.proposalId, chosen.kind, chosen.action) {
                executed = true;
            } catch {}
            ProposalState state = COUNCIL.state(chosen.proposalId);
            if (state == ProposalState.Executed || state == ProposalState.Defeated || state == ProposalState.Expired) {
                pending[which] = pending[pending.length - 1];
                pending.pop();
            } else {
                ++which;
            }
        }
    }

    function _voteAll(uint256 proposalId) internal {
        _vote(proposalId, type(uint64).max);
    }

    function _vote(uint256 proposalId, uint64 mask) private {
        for (uint256 seat; seat < voters.length; ++seat) {
            if (mask >> seat & 1 == 0) continue;
            vm.prank(voters[seat]);
            try COUNCIL.castVote(proposalId, uint8(Support.For)) {} catch {} // suspended meanwhile
        }
    }
}
