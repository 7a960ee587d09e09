// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISeats} from "../interfaces/ISeats.sol";

/// @dev A seat of the set that a batch would leave.
struct Member {
    bytes32 organisationId;
    bytes32 affiliation;
    bytes2 jurisdiction;
    uint8 seat;
    uint8 chamber;
    bool granted; // by this batch
}

/// @dev The rules of independence, judged on a resulting set. Sizes bind every batch. The labels bind what is granted
/// (R-Seats-17): a removal is never refused for diversity, or one group's breach would protect it.
library Independence {
    uint256 internal constant MIN_CHAMBER = 3;

    /// @dev The masks of the chambers of this set, if it is independent.
    function judge(Member[] memory members, uint8 chambers) internal pure returns (uint256 chamberMasks) {
        uint256[] memory sizes = new uint256[](chambers);
        for (uint256 i; i < members.length; ++i) {
            Member memory member = members[i];
            chamberMasks |= 1 << 64 * uint256(member.chamber) + member.seat;
            ++sizes[member.chamber];
        }
        for (uint8 c; c < chambers; ++c) {
            if (sizes[c] < MIN_CHAMBER) revert ISeats.ChamberTooSmall(c, sizes[c], MIN_CHAMBER); // R-Seats-03
            if (2 * sizes[c] > members.length) revert ISeats.ChamberTooLarge(c, sizes[c], members.length / 2); // R-Seats-04
        }
        for (uint256 i; i < members.length; ++i) {
            if (members[i].granted) _judgeGrant(members, i, sizes[members[i].chamber]);
        }
    }

    function _judgeGrant(Member[] memory members, uint256 index, uint256 chamberSize) private pure {
        Member memory granted = members[index];
        uint256 compatriots = 1;
        for (uint256 j; j < members.length; ++j) {
            if (j == index) continue;
            Member memory other = members[j];
            if (other.organisationId == granted.organisationId) {
                revert ISeats.OrganisationSeated(granted.organisationId, other.seat); // R-Seats-01
            }
            if (other.affiliation == granted.affiliation) {
                revert ISeats.AffiliationSeated(granted.affiliation, granted.seat, other.seat); // R-Seats-02
            }
            if (other.chamber == granted.chamber && other.jurisdiction == granted.jurisdiction) ++compatriots;
        }
        if (2 * compatriots > chamberSize) {
            revert ISeats.JurisdictionTooLarge(granted.chamber, granted.jurisdiction, compatriots, chamberSize / 2); // R-Seats-05
        }
    }
}
