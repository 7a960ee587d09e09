// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ActionKind, ChangeSeats, SeatGrant} from "../../src/types/Actions.sol";
import {Parameters, TierRule} from "../../src/types/Parameters.sol";
import {ProposalState} from "../../src/types/Proposals.sol";
import {Charter} from "../Charter.sol";
import {AttackTest} from "./AttackTest.t.sol";

/// @dev All of an attacker's calls in one transaction, which fails whole if one of them does.
contract Bundle {
    function run(address target, bytes[] calldata calls) external {
        for (uint256 i; i < calls.length; ++i) {
            (bool ok, bytes memory why) = target.call(calls[i]);
            if (ok) continue;
            assembly ("memory-safe") {
                revert(add(why, 0x20), mload(why))
            }
        }
    }
}

/// @dev Attacks that choose their moment: faster than anyone looks, when few do, or between two states of the rules.
contract MomentsAttacks is AttackTest {
    ActionKind private constant KIND = ActionKind.SetParameters;

    /// @dev R-Council-09. Beanstalk, 2022: power that is borrowed for one transaction votes and executes in it. Here every seat's ballot
    /// is in the bundle, and still it is not the time.
    function test_beanstalk_votesAndExecutesInOneTransaction() public {
        uint256 id = proposeTier4();
        bytes[] memory calls = new bytes[](16);
        for (uint256 seat; seat < 15; ++seat) {
            calls[seat] = signedFor(id, seat, 1, 0, Charter.votingSecret(seat));
        }
        calls[15] = abi.encodeCall(council.execute, (id, KIND, setParameters()));
        Bundle bundle = new Bundle();
        vm.prank(STRANGER);
        vm.expectRevert(unexpected(id, ProposalState.Active, ProposalState.Succeeded));
        bundle.run(address(council), calls);
    }

    /// @dev R-Council-22. Compound 289, 2024: few vote on a quiet weekend, and the few carry it. Here the bar stands on all seats, so
    /// silence is no consent, whoever was there.
    /// forge-config: default.fuzz.runs = 64
    function test_compound289_fewVoteOnAQuietWeekend(uint64 present) public {
        addRule();
        present &= EVERYONE;
        bytes memory action = setParameter(1000);
        uint256 id = propose(ActionKind.LoosenParameter, action);
        voteFor(id, present);
        vm.warp(council.proposalEta(id));
        bool enough = count(present & BUILDERS) >= 4 && count(present & OVERSIGHT) >= 4 && count(present & PUBLIC) >= 4;
        if (enough) council.execute(id, ActionKind.LoosenParameter, action);
        else assertNotExecuted(id, ActionKind.LoosenParameter, action, ProposalState.Defeated);
    }

    /// @dev R-Council-23. Aragon osx#338: votes of one moment are judged by settings of another. Easier thresholds come into force while
    /// a proposal that failed by one waits for its eta.
    function test_aragon338_laterSettingsJudgeEarlierVotes() public {
        uint256 id = proposeTier4();
        voteApart(id, TIER_4 & ~uint64(1));
        Parameters memory easier = Charter.parameters();
        easier.tiers[2] = TierRule(1, 2, true, 0, 2, 3, false, 10 days, 14 days);
        easier.tiers[3] = TierRule(1, 2, true, 0, 2, 3, false, 14 days, 30 days);
        uint256 other = proposeAs(1, KIND, abi.encode(easier));
        voteFor(other, EVERYONE);
        warpToEta(other);
        council.execute(other, KIND, abi.encode(easier));
        assertNotExecuted(id, KIND, setParameters(), ProposalState.Defeated);
        assertEq(council.quorumState(id).needed, 12, "as when it was proposed");
    }

    /// @dev The same with members: two that did not agree leave, and of those who remain it would have been enough.
    function test_aragon338_laterMembersJudgeEarlierVotes() public {
        uint256 id = proposeTier4();
        voteApart(id, TIER_4 & ~uint64(1));
        ChangeSeats memory fewer = ChangeSeats(new uint8[](2), new SeatGrant[](0));
        (fewer.removals[0], fewer.removals[1]) = (4, 9);
        uint256 other = proposeAs(1, ActionKind.ChangeSeats, abi.encode(fewer));
        voteFor(other, EVERYONE);
        warpToEta(other);
        council.execute(other, ActionKind.ChangeSeats, abi.encode(fewer));
        assertNotExecuted(id, KIND, setParameters(), ProposalState.Defeated);
        assertEq(council.quorumState(id).size, 15, "of those who were there");
    }

    /// @dev Nouns#764: a longer grace, voted later, and a proposal that had expired can be executed again.
    function test_nouns764_settingsReviveADeadProposal() public {
        uint256 id = proposeTier4();
        voteFor(id, EVERYONE);
        Parameters memory longer = Charter.parameters();
        longer.grace = 30 days;
        uint256 other = proposeAs(1, KIND, abi.encode(longer));
        voteFor(other, EVERYONE);
        vm.warp(council.quorumState(id).expiresAt);
        council.execute(other, KIND, abi.encode(longer));
        skip(1);
        assertNotExecuted(id, KIND, setParameters(), ProposalState.Expired);
    }

    function count(uint64 mask) private pure returns (uint256 ones) {
        for (; mask != 0; mask &= mask - 1) {
            ++ones;
        }
    }
}
