// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ActionKind} from "../types/Actions.sol";
import {FLAG_CANCELED, FLAG_ESCALATED, FLAG_EXECUTED, FLAG_EXTENDED} from "../types/Proposals.sol";

/// @dev The slot that every call on a proposal reads, unpacked where it is needed. From low to high bits:
/// eligible 64, createdAt 40, closesAt 40, parametersVersion 24, rosterVersion 24, kind 8, tier 8, round 8,
/// proposerSeat 8, flags 8, lateWindow 24. The meaning of each stands with the struct Proposal. 24 bits of versions
/// are sixteen million executed votes of tier 4.
type Head is uint256;

using HeadLibrary for Head global;

library HeadLibrary {
    uint256 private constant CREATED_AT = 64;
    uint256 private constant CLOSES_AT = 104;
    uint256 private constant PARAMETERS_VERSION = 144;
    uint256 private constant ROSTER_VERSION = 168;
    uint256 private constant KIND = 192;
    uint256 private constant TIER = 200;
    uint256 private constant ROUND = 208;
    uint256 private constant PROPOSER_SEAT = 216;
    uint256 private constant FLAGS = 224;
    uint256 private constant LATE_WINDOW = 232;

    uint256 private constant CLOSE_FIELD = uint256(type(uint40).max) << CLOSES_AT;

    /// @dev What an escalation replaces: closesAt, tier, round, and whether it was extended.
    uint256 private constant ROUND_FIELDS = CLOSE_FIELD | uint256(type(uint8).max) << TIER | uint256(type(uint8).max)
        << ROUND | uint256(FLAG_EXTENDED) << FLAGS;

    function open(
        uint64 eligible_,
        uint256 closesAt_,
        uint32 parametersVersion_,
        uint32 rosterVersion_,
        ActionKind kind_,
        uint8 tier_,
        uint8 proposerSeat_
    ) internal view returns (Head) {
        return Head.wrap(
            eligible_ | block.timestamp << CREATED_AT | closesAt_ << CLOSES_AT | uint256(parametersVersion_)
                << PARAMETERS_VERSION | uint256(rosterVersion_) << ROSTER_VERSION | uint256(kind_) << KIND
                | uint256(tier_) << TIER | 1 << ROUND | uint256(proposerSeat_) << PROPOSER_SEAT
        );
    }

    /// @dev The second round, at tier 3.
    function escalate(Head h, uint256 closesAt_) internal pure returns (Head) {
        uint256 kept = Head.unwrap(h) & ~ROUND_FIELDS;
        return Head.wrap(kept | closesAt_ << CLOSES_AT | 3 << TIER | 2 << ROUND | uint256(FLAG_ESCALATED) << FLAGS);
    }

    function withLateWindow(Head h, uint24 lateWindow_) internal pure returns (Head) {
        return Head.wrap(Head.unwrap(h) | uint256(lateWindow_) << LATE_WINDOW);
    }

    /// @dev The same round, to that time; a round is extended once.
    function extend(Head h, uint256 closesAt_) internal pure returns (Head) {
        uint256 kept = Head.unwrap(h) & ~CLOSE_FIELD;
        return Head.wrap(kept | closesAt_ << CLOSES_AT | uint256(FLAG_EXTENDED) << FLAGS);
    }

    /// @dev Whether a ballot now is one of the last part of the round, and the round may still be extended. The caller has
    /// checked that the round is open.
    function isExtendable(Head h) internal view returns (bool) {
        return block.timestamp + lateWindow(h) > closesAt(h) && !has(h, FLAG_EXTENDED);
    }

    function withFlag(Head h, uint8 flag) internal pure returns (Head) {
        return Head.wrap(Head.unwrap(h) | uint256(flag) << FLAGS);
    }

    /// @dev Any of these flags.
    function has(Head h, uint8 anyOf) internal pure returns (bool) {
        return flags(h) & anyOf != 0;
    }

    function exists(Head h) internal pure returns (bool) {
        return createdAt(h) != 0;
    }

    /// @dev Executed or cancelled: nothing changes it any more.
    function isClosed(Head h) internal pure returns (bool) {
        return has(h, FLAG_EXECUTED | FLAG_CANCELED);
    }

    function isEligible(Head h, uint8 seat) internal pure returns (bool) {
        return eligible(h) >> seat & 1 != 0;
    }

    function eligible(Head h) internal pure returns (uint64) {
        return uint64(Head.unwrap(h));
    }

    function createdAt(Head h) internal pure returns (uint40) {
        return uint40(Head.unwrap(h) >> CREATED_AT);
    }

    function closesAt(Head h) internal pure returns (uint40) {
        return uint40(Head.unwrap(h) >> CLOSES_AT);
    }

    function parametersVersion(Head h) internal pure returns (uint32) {
        return uint24(Head.unwrap(h) >> PARAMETERS_VERSION);
    }

    function rosterVersion(Head h) internal pure returns (uint32) {
        return uint24(Head.unwrap(h) >> ROSTER_VERSION);
    }

    function kind(Head h) internal pure returns (ActionKind) {
        return ActionKind(uint8(Head.unwrap(h) >> KIND));
    }

    function tier(Head h) internal pure returns (uint8) {
        return uint8(Head.unwrap(h) >> TIER);
    }

    function round(Head h) internal pure returns (uint8) {
        return uint8(Head.unwrap(h) >> ROUND);
    }

    function proposerSeat(Head h) internal pure returns (uint8) {
        return uint8(Head.unwrap(h) >> PROPOSER_SEAT);
    }

    function flags(Head h) internal pure returns (uint8) {
        return uint8(Head.unwrap(h) >> FLAGS);
    }

    function lateWindow(Head h) internal pure returns (uint24) {
        return uint24(Head.unwrap(h) >> LATE_WINDOW);
    }
}
