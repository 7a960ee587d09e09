// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TierRule} from "../../src/types/Parameters.sol";

/// @dev Votes counted hand by hand, under the charter's three chambers of five: what the contracts' arithmetic is held
/// against.
library Hands {
    function pass(TierRule memory rule, uint64 yes) internal pure returns (bool) {
        uint256 agreeing;
        uint256 all;
        for (uint256 chamber; chamber < 3; ++chamber) {
            uint256 hands;
            for (uint256 seat = 5 * chamber; seat < 5 * chamber + 5; ++seat) {
                hands += yes >> seat & 1;
            }
            if (reach(hands, 5, rule.chamberNum, rule.chamberDen, rule.chamberStrict)) ++agreeing;
            all += hands;
        }
        uint256 needed = rule.chambersRequired == 0 ? 3 : rule.chambersRequired;
        return agreeing >= needed && reach(all, 15, rule.overallNum, rule.overallDen, rule.overallStrict);
    }

    function reach(uint256 yes, uint256 size, uint256 num, uint256 den, bool strict) internal pure returns (bool) {
        return strict ? yes * den > num * size : yes * den >= num * size;
    }
}
