// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TierRule} from "../types/Parameters.sol";

/// @dev Counting. A word of masks holds four chambers in lanes of 64 bits; every lane is counted in the same pass.
library Tally {
    uint256 internal constant CHAMBERS = 4;

    uint256 private constant LANES = 1 | 1 << 64 | 1 << 128 | 1 << 192;

    /// @dev Population count of each 64-bit lane, left in its lane. Every mask drops what a shift brought over from the
    /// lane above.
    function countLanes(uint256 x) internal pure returns (uint256) {
        unchecked {
            x -= x >> 1 & type(uint256).max / 3;
            x = (x & type(uint256).max / 5) + (x >> 2 & type(uint256).max / 5);
            x = x + (x >> 4) & type(uint256).max / 17;
            x = x + (x >> 8) & type(uint256).max / 257;
            x = x + (x >> 16) & type(uint256).max / 65537;
            return x + (x >> 32) & type(uint256).max / 4294967297;
        }
    }

    function countSeats(uint64 mask) internal pure returns (uint256) {
        return countLanes(mask);
    }

    /// @dev The same 64-bit mask in every lane.
    function spread(uint64 mask) internal pure returns (uint256) {
        unchecked {
            return mask * LANES;
        }
    }

    /// @dev Chambers fill the lanes from the lowest, and none is empty.
    function countChambers(uint256 chamberMasks) internal pure returns (uint256 chambers) {
        for (; chamberMasks != 0; chamberMasks >>= 64) {
            ++chambers;
        }
    }

    /// @dev R-Council-22. Whether yes reaches num/den of size, the seats that there are: more than it (strict), or at least.
    function meets(uint256 yes, uint256 size, uint256 num, uint256 den, bool strict) internal pure returns (bool) {
        unchecked {
            // Four factors below 2^17: no product wraps.
            return strict ? yes * den > num * size : yes * den >= num * size;
        }
    }

    /// @dev The smallest yes that meets; den is not zero in sound parameters.
    function needed(uint256 size, uint256 num, uint256 den, bool strict) internal pure returns (uint256) {
        return strict ? num * size / den + 1 : (num * size + den - 1) / den;
    }

    /// @dev The chamber of a seat of the roster, and its seats.
    function chamberOf(uint256 chamberMasks, uint8 seat) internal pure returns (uint8 chamber, uint64 members) {
        while (chamberMasks >> 64 * chamber >> seat & 1 == 0) ++chamber;
        members = uint64(chamberMasks >> 64 * chamber);
    }

    /// @dev Whether the seats of yes carry a tier: enough chambers agree, each against its whole size, and so does the
    /// whole, against all seats. Chambers partition the roster, so its count is the sum of theirs.
    function passes(TierRule memory rule, uint256 chamberMasks, uint64 yes) internal pure returns (bool) {
        return passes(rule, chamberMasks, yes, 0);
    }

    /// @dev The same, where a chamber whose lane is set in `exempt` agrees without any yes.
    function passes(TierRule memory rule, uint256 chamberMasks, uint64 yes, uint256 exempt)
        internal
        pure
        returns (bool)
    {
        uint256 sizes = countLanes(chamberMasks);
        uint256 yeses = countLanes(chamberMasks & spread(yes));
        return _agree(rule, sizes, yeses, exempt)
            && meets(_sum(yeses), _sum(sizes), rule.overallNum, rule.overallDen, rule.overallStrict);
    }

    function _agree(TierRule memory rule, uint256 sizes, uint256 yeses, uint256 exempt) private pure returns (bool) {
        unchecked {
            uint256 agreeing;
            uint256 chambers;
            for (; sizes != 0; (sizes, yeses, exempt) = (sizes >> 64, yeses >> 64, exempt >> 64)) {
                bool agrees = exempt & 1 != 0
                    || meets(uint64(yeses), uint64(sizes), rule.chamberNum, rule.chamberDen, rule.chamberStrict);
                if (agrees) ++agreeing;
                ++chambers;
            }
            return agreeing >= required(rule, chambers);
        }
    }

    /// @dev Of the counts in all lanes.
    function _sum(uint256 counts) private pure returns (uint256) {
        unchecked {
            return uint256(uint64(counts)) + uint64(counts >> 64) + uint64(counts >> 128) + (counts >> 192);
        }
    }

    /// @dev Chambers that must agree.
    function required(TierRule memory rule, uint256 chambers) internal pure returns (uint256) {
        return rule.chambersRequired == 0 ? chambers : rule.chambersRequired;
    }
}
