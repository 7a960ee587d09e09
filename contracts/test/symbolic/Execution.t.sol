// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Council} from "../../src/Council.sol";
import {Ballots} from "../../src/libraries/Ballots.sol";
import {Head} from "../../src/libraries/Head.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {Parameters, TierRule} from "../../src/types/Parameters.sol";
import {FLAG_CANCELED, FLAG_EXECUTED} from "../../src/types/Proposals.sol";
import {ActionContext, System} from "../../src/types/System.sol";
import {Charter} from "../Charter.sol";
import {Hands} from "./Hands.sol";
import {Symbolic} from "./Symbolic.sol";

/// @dev The Council as it is, and a way to put a proposal into it in whatever condition.
contract OpenCouncil is Council {
    constructor(System memory sys) Council(sys, "legal", "charter", Charter.parameters(), Charter.bounds()) {}

    function put(uint256 id, Head head, address proposer, uint64 nonce, uint8 round, uint256 ballots) external {
        Record storage record = proposals[id];
        (record.head, record.proposer, record.nonce) = (head, proposer, nonce);
        record.ballots[round - 1] = Ballots.flip(ballots);
    }
}

/// @dev One proposal with any ballots, any live seats, any times and any flags; then somebody executes it.
contract ExecutionProofs is Symbolic {
    address private constant PROPOSER = address(7);

    OpenCouncil private council;
    uint64 private live;
    bool private carriedOut;

    function setUp() public {
        live = 0x7fff; // the constructor asks whether these can pass every tier
        council = new OpenCouncil(world());
    }

    // --- what the Council asks the other contracts, and what it tells the target

    function liveMask() external view returns (uint64) {
        return live;
    }

    function roster() external pure returns (uint32, uint64) {
        return (1, 0x7fff);
    }

    function chamberMasks(uint32) external pure returns (uint256) {
        return 0x1f | 0x3e0 << 64 | 0x7c00 << 128;
    }

    function checkAction(ActionKind, bytes calldata) external pure returns (uint8) {
        return 1;
    }

    function executeAction(ActionKind, bytes calldata, ActionContext calldata) external {
        carriedOut = true;
    }

    // --- the proofs, one for each way in which time is judged

    function check_05_tier1(uint256 ballots, uint64 living, uint40 closesAt, uint40 time, uint8 flags) external {
        prove(ActionKind.AddConstraint, 1, 1, ballots, living, closesAt, time, flags);
    }

    function check_05_amendmentInItsFirstRound(
        uint256 ballots,
        uint64 living,
        uint40 closesAt,
        uint40 time,
        uint8 flags
    ) external {
        prove(ActionKind.AmendTighter, 1, 1, ballots, living, closesAt, time, flags);
    }

    function check_05_amendmentEscalated(uint256 ballots, uint64 living, uint40 closesAt, uint40 time, uint8 flags)
        external
    {
        prove(ActionKind.AmendTighter, 3, 2, ballots, living, closesAt, time, flags);
    }

    function check_05_urgent(uint256 ballots, uint64 living, uint40 closesAt, uint40 time, uint8 flags) external {
        prove(ActionKind.RevokeRelease, 1, 1, ballots, living, closesAt, time, flags);
    }

    function check_05_tier2(uint256 ballots, uint64 living, uint40 closesAt, uint40 time, uint8 flags) external {
        prove(ActionKind.GrantRelease, 2, 1, ballots, living, closesAt, time, flags);
    }

    function check_05_tier3(uint256 ballots, uint64 living, uint40 closesAt, uint40 time, uint8 flags) external {
        prove(ActionKind.LoosenParameter, 3, 1, ballots, living, closesAt, time, flags);
    }

    function check_05_tier4(uint256 ballots, uint64 living, uint40 closesAt, uint40 time, uint8 flags) external {
        prove(ActionKind.ChangeSeats, 4, 1, ballots, living, closesAt, time, flags);
    }

    /// @dev Invariants 5 and 6: executed implies every chamber's threshold, the overall one, eta, and that it was neither
    /// executed nor cancelled before; afterwards it is marked as executed.
    function prove(
        ActionKind kind,
        uint8 tier,
        uint8 round,
        uint256 ballots,
        uint64 living,
        uint40 closesAt,
        uint40 time,
        uint8 flags
    ) private {
        uint256 id = council.computeProposalId(PROPOSER, 1, kind, "");
        uint256 head = 0x7fff | uint256(1) << 64 | uint256(closesAt) << 104 | uint256(1) << 144 | uint256(1) << 168
            | uint256(kind) << 192 | uint256(tier) << 200 | uint256(round) << 208 | uint256(flags) << 224;
        council.put(id, Head.wrap(head), PROPOSER, 1, round, ballots);
        live = living;
        vm.warp(time);

        council.execute(id, kind, "");

        Parameters memory p = Charter.parameters();
        TierRule memory rule = p.tiers[tier - 1];
        uint256 eta = uint256(closesAt) + rule.timelock;
        if (kind == ActionKind.AmendTighter && round == 1) eta = uint256(closesAt) + p.objectionWindow;
        if (kind != ActionKind.RevokeRelease) assert(time >= eta && time > closesAt);
        assert(time <= eta + p.grace);
        uint64 yes = uint64(ballots >> 64) & ~uint64(ballots) & living;
        assert(Hands.pass(rule, yes));
        assert(flags & (FLAG_EXECUTED | FLAG_CANCELED) == 0);
        assert(carriedOut && council.getProposal(id).flags & FLAG_EXECUTED != 0);
    }
}
