// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {KeyKind, SeatGrant} from "../src/types/Actions.sol";
import {Bounds, Parameters, TierRule} from "../src/types/Parameters.sol";

/// @dev The charter that the tests live under: fifteen seats, five a chamber, the thresholds of DESIGN.
/// Seat i = 5 * chamber + position; its organisation is "org-i".
library Charter {
    uint256 internal constant SEATS = 15;
    uint256 internal constant PER_CHAMBER = 5;
    bytes32 internal constant LEGAL_TEXT_HASH = keccak256("legal text");

    function chamberNames() internal pure returns (bytes32[] memory names) {
        names = new bytes32[](3);
        (names[0], names[1], names[2]) = ("builders", "oversight", "public");
    }

    function votingSecret(uint256 organisation) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("voting key", organisation))) >> 1;
    }

    function recoverySecret(uint256 organisation) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("recovery key", organisation))) >> 1;
    }

    function jurisdiction(uint256 index) internal pure returns (bytes2) {
        return [bytes2("DE"), "JP", "BR", "KE", "CA", "IN", "FR", "ZA"][index % 8];
    }

    /// @dev A grant that breaks no rule by itself; the addresses are filled in by the caller, who has the cheat codes.
    function grant(uint256 organisation, uint8 chamber, bytes2 where, address votingKey, address recoveryKey)
        internal
        pure
        returns (SeatGrant memory)
    {
        return SeatGrant({
            organisation: name(organisation),
            chamber: chamber,
            jurisdiction: where,
            affiliation: keccak256(abi.encode("group", organisation)),
            framework: chamber == 1 ? bytes32("duty") : bytes32(0),
            kind: KeyKind.EOA,
            votingKey: votingKey,
            recoveryKey: recoveryKey,
            evidenceHash: keccak256(abi.encode("evidence", organisation))
        });
    }

    function name(uint256 organisation) internal pure returns (string memory) {
        bytes memory digits = organisation < 10
            ? abi.encodePacked(uint8(48 + organisation))
            : abi.encodePacked(uint8(48 + organisation / 10 % 10), uint8(48 + organisation % 10));
        return string.concat("org-", string(digits));
    }

    function parameters() internal pure returns (Parameters memory p) {
        p.tiers[0] = TierRule(0, 1, true, 2, 1, 2, true, 3 days, 0);
        p.tiers[1] = TierRule(1, 2, true, 0, 2, 3, false, 7 days, 7 days);
        p.tiers[2] = TierRule(2, 3, false, 0, 3, 4, false, 10 days, 14 days);
        p.tiers[3] = TierRule(2, 3, false, 0, 4, 5, false, 14 days, 30 days);
        p.objectionWindow = 5 days;
        p.grace = 14 days;
        p.lateWindow = 1 days;
        p.openProposals = 3;
        p.pullSeats = 3;
        p.pullWindow = 1 days;
        p.brakeTerm = 45 days;
        p.cooldown = 30 days;
        p.rotationDelay = 3 days;
        p.releaseLifetime = 90 days;
        p.requestLifetime = 1 hours;
        p.dkgPhase = 1 days;
        p.stallLimit = 10 minutes;
        p.documentBytes = 16384;
        p.dormancy = 180 days;
        p.challengePeriod = 30 days;
        p.replacementDelay = 90 days;
    }

    function bounds() internal pure returns (Bounds memory b) {
        for (uint256 i; i < 4; ++i) {
            b.min.tiers[i] = TierRule(0, 1, false, 0, 1, 1, false, 1 hours, 0);
            b.max.tiers[i] = TierRule(100, 100, true, 4, 100, 100, true, 30 days, 60 days);
        }
        b.min.objectionWindow = 1 hours;
        b.max.objectionWindow = 30 days;
        b.min.grace = 1 days;
        b.max.grace = 30 days;
        b.max.lateWindow = 7 days;
        b.min.openProposals = 1;
        b.max.openProposals = 8;
        b.min.pullSeats = 2;
        b.max.pullSeats = 5;
        b.min.pullWindow = 1 hours;
        b.max.pullWindow = 7 days;
        b.min.brakeTerm = 1 days;
        b.max.brakeTerm = 180 days;
        b.min.cooldown = 1 days;
        b.max.cooldown = 90 days;
        b.min.rotationDelay = 1 hours;
        b.max.rotationDelay = 14 days;
        b.min.releaseLifetime = 1 days;
        b.max.releaseLifetime = 365 days;
        b.min.requestLifetime = 1 minutes;
        b.max.requestLifetime = 1 days;
        b.min.dkgPhase = 1 minutes;
        b.max.dkgPhase = 7 days;
        b.min.stallLimit = 1 minutes;
        b.max.stallLimit = 1 hours;
        b.min.documentBytes = 1024;
        b.max.documentBytes = 65536;
        b.min.dormancy = 180 days;
        b.max.dormancy = 730 days;
        b.min.challengePeriod = 30 days;
        b.max.challengePeriod = 90 days;
        b.min.replacementDelay = 90 days;
        b.max.replacementDelay = 180 days;
    }
}
