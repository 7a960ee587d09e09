// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Tally} from "../../src/libraries/Tally.sol";
import {TierRule} from "../../src/types/Parameters.sol";
import {Charter} from "../Charter.sol";
import {Hands} from "./Hands.sol";

/// @dev The arithmetic of votes, for all inputs. Seats are counted one by one on the other side of each equation.
contract ThresholdsProofs {
    /// @dev Invariant 3: a lane's count is that of its bits. All 2^64 masks.
    function check_03_laneCountsItsBits(uint64 mask) external pure {
        uint256 ones;
        for (uint256 i; i < 64; ++i) {
            ones += mask >> i & 1;
        }
        assert(Tally.countSeats(mask) == ones);
    }

    /// @dev Invariant 3: lanes do not run into each other. All 2^256 words.
    function check_03_lanesAreCountedApart(uint256 masks) external pure {
        uint256 counts = Tally.countLanes(masks);
        for (uint256 lane; lane < 4; ++lane) {
            assert(uint64(counts >> 64 * lane) == Tally.countSeats(uint64(masks >> 64 * lane)));
        }
    }

    /// @dev Invariant 8. Half of all seats never carry a bar that asks for a majority, as tiers 2 to 4 do (R-Council-15).
    /// No chamber has more than half of them (R-Seats-04), a group has one seat, and a jurisdiction at most half of each
    /// chamber (R-Seats-05): none of these alone, whoever else stays silent, loosens, releases or resumes. Every size up
    /// to 64, every fraction of 16 bits.
    function check_08_halfNeverCarries(uint16 num, uint16 den, bool strict) external pure {
        bool majority = strict ? 2 * uint256(num) >= den : 2 * uint256(num) > den;
        if (!majority || den == 0) return;
        for (uint256 size = 1; size <= 64; ++size) {
            // The most that half of them can be; fewer yes never meet what more do not.
            assert(!Tally.meets(size / 2, size, num, den, strict));
        }
    }

    /// @dev Invariant 9. What meets a bar meets every bar that is not higher, in the order in which checkSound compares
    /// bars: so whoever could loosen could tighten. Chambers of five, fractions of fifteenths at most.
    function check_09_lowerBarIsEasier(
        uint8 num,
        uint8 den,
        bool strict,
        uint8 lowerNum,
        uint8 lowerDen,
        bool lowerStrict
    ) external pure {
        if (den == 0 || lowerDen == 0 || num > den || lowerNum > lowerDen || den > 15 || lowerDen > 15) {
            return;
        }
        uint256 lower = uint256(lowerNum) * den;
        uint256 higher = uint256(num) * lowerDen;
        if (lower > higher || lower == higher && lowerStrict && !strict) return; // it is higher
        for (uint256 yes; yes <= 5; ++yes) {
            if (!Tally.meets(yes, 5, num, den, strict)) continue;
            assert(Tally.meets(yes, 5, lowerNum, lowerDen, lowerStrict));
        }
    }

    /// @dev Invariant 5. What `passes` says of the charter's tiers is what counting hands says, for all 2^64 sets of
    /// hands.
    function check_05_passesIsWhatHandsSay(uint64 yes) external pure {
        uint256 masks = 0x1f | 0x3e0 << 64 | 0x7c00 << 128;
        for (uint256 tier; tier < 4; ++tier) {
            TierRule memory rule = Charter.parameters().tiers[tier];
            assert(Tally.passes(rule, masks, yes) == Hands.pass(rule, yes));
        }
    }
}
