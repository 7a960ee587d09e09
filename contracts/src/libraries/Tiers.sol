// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../interfaces/ICouncil.sol";
import {ActionKind} from "../types/Actions.sol";
import {Bounds, Parameters, TierRule} from "../types/Parameters.sol";
import {Tally} from "./Tally.sol";

/// @dev What every set of parameters must satisfy, whatever was voted.
library Tiers {
    uint256 internal constant WORDS = 53;

    /// @dev No bound is above it: 136 years, so that no sum of a time and a few terms leaves 40 bits.
    uint256 internal constant MAX_BOUND = type(uint32).max;

    /// @dev The tier that a kind of action needs at least, whatever its target says. The kinds stand in order of tier.
    function floorOf(ActionKind kind) internal pure returns (uint8) {
        if (kind <= ActionKind.SuspendSeat) return 1;
        if (kind <= ActionKind.RenewRelease) return 2;
        return kind <= ActionKind.Resume ? 3 : 4;
    }

    /// @dev Whether a proposal of that kind may be executed as soon as its threshold is met.
    function isUrgent(ActionKind kind) internal pure returns (bool) {
        return kind == ActionKind.RevokeRelease || kind == ActionKind.ConfirmStop;
    }

    /// @dev R-Seats-24: what the replacement of a dormant seat needs, of the seats that are not dormant.
    function forReplacement(TierRule memory rule) internal pure {
        (rule.chamberNum, rule.chamberDen, rule.chamberStrict, rule.chambersRequired) = (1, 2, true, 0);
        (rule.overallNum, rule.overallDen, rule.overallStrict) = (4, 5, false);
    }

    /// @dev Whether a late ballot that makes it pass extends its round. Not what provably goes in the safe direction: that
    /// never waits, and nobody needs time to answer it. A claim, and what takes a vote away, can be answered.
    function isExtendable(ActionKind kind) internal pure returns (bool) {
        return kind == ActionKind.AmendTighter || kind >= ActionKind.SuspendSeat;
    }

    /// @dev Whether a chamber can still stop it once it has passed: nothing of tier 1, which has to be quick, and no
    /// replacement, or a dormant chamber's few could keep its seats.
    function isVetoable(ActionKind kind, uint8 tier) internal pure returns (bool) {
        return tier > 1 && kind != ActionKind.ReplaceSeat;
    }

    /// @dev Reverts unless every parameter stands within its bounds, word by word of abi.encode.
    function checkBounds(Parameters memory p, Bounds memory bounds) internal pure {
        uint256[WORDS] memory value = _words(p);
        uint256[WORDS] memory min = _words(bounds.min);
        uint256[WORDS] memory max = _words(bounds.max);
        for (uint256 i; i < WORDS; ++i) {
            if (max[i] > MAX_BOUND) revert ICouncil.OutOfBounds(i, max[i], min[i], MAX_BOUND); // R-Council-14
            if (value[i] < min[i] || value[i] > max[i]) revert ICouncil.OutOfBounds(i, value[i], min[i], max[i]); // R-Council-14
        }
    }

    /// @dev Reverts unless the tiers make sense (R-Council-15) and the live seats of this roster can pass each of them.
    /// So no bar is above what all seats reach. The tier in the error is the one at fault, 0 for terms that belong to none.
    function checkSound(Parameters memory p, uint256 chamberMasks, uint64 live) internal pure {
        uint256 chambers = Tally.countChambers(chamberMasks);
        for (uint8 tier = 1; tier <= 4; ++tier) {
            TierRule memory rule = p.tiers[tier - 1];
            bool sound = rule.period != 0 && rule.chamberDen != 0 && rule.overallDen != 0
                && Tally.passes(rule, chamberMasks, live);
            if (tier > 1) {
                TierRule memory lower = p.tiers[tier - 2];
                sound = sound && _isMajority(rule.chamberNum, rule.chamberDen, rule.chamberStrict)
                    && _isMajority(rule.overallNum, rule.overallDen, rule.overallStrict)
                    && !_isHigher(lower, rule, chambers);
            }
            if (!sound) revert ICouncil.UnsoundParameters(tier); // R-Council-15
        }
        // A stop must outlive the vote that could resume it, or waiting would do what a vote must.
        TierRule memory resume = p.tiers[2];
        if (p.brakeTerm <= uint256(resume.period) + p.lateWindow + resume.timelock) {
            revert ICouncil.UnsoundParameters(3); // R-Council-15
        }
        // A stop spans two chambers. An amendment nobody could object to, a proposal that expires at its eta, a seat that
        // can propose nothing, and an end of a round that begins before it (tier 1's is the shortest) are no rules at all.
        if (
            p.pullSeats < 2 || p.objectionWindow == 0 || p.grace == 0 || p.openProposals == 0
                || p.lateWindow > p.tiers[0].period
        ) {
            revert ICouncil.UnsoundParameters(0); // R-Council-15
        }
        // A seat that nobody gave time to be silent, or to answer, is not dormant.
        if (p.dormancy == 0 || p.challengePeriod == 0) revert ICouncil.UnsoundParameters(0); // R-Council-15
        // Replacing a silent seat asks for fewer seats than a change of seats, and therefore never for less time.
        if (p.replacementDelay < p.tiers[3].timelock) revert ICouncil.UnsoundParameters(4); // R-Council-15
    }

    /// @dev The longest time from the creation of a proposal to its last executable second: a round can be extended in its
    /// last second, and an objection can come in the last second of the first round's grace, and opens a second round. A
    /// replacement has one round.
    function longestLife(Parameters memory max) internal pure returns (uint256) {
        uint256 period;
        uint256 delay = max.objectionWindow;
        for (uint256 i; i < 4; ++i) {
            if (max.tiers[i].period > period) period = max.tiers[i].period;
            if (max.tiers[i].timelock > delay) delay = max.tiers[i].timelock;
        }
        period += max.lateWindow;
        uint256 rounds = 2 * (period + delay + max.grace);
        uint256 replacement = period + max.replacementDelay + max.grace;
        return rounds > replacement ? rounds : replacement;
    }

    /// @dev A bar that half of the seats do not reach.
    function _isMajority(uint256 num, uint256 den, bool strict) private pure returns (bool) {
        return strict ? 2 * num >= den : 2 * num > den;
    }

    /// @dev Whether rule a asks for more than rule b in anything.
    function _isHigher(TierRule memory a, TierRule memory b, uint256 chambers) private pure returns (bool) {
        return _isHigherBar(a.chamberNum, a.chamberDen, a.chamberStrict, b.chamberNum, b.chamberDen, b.chamberStrict)
            || _isHigherBar(a.overallNum, a.overallDen, a.overallStrict, b.overallNum, b.overallDen, b.overallStrict)
            || Tally.required(a, chambers) > Tally.required(b, chambers) || a.period > b.period
            || a.timelock > b.timelock;
    }

    function _isHigherBar(uint256 numA, uint256 denA, bool strictA, uint256 numB, uint256 denB, bool strictB)
        private
        pure
        returns (bool)
    {
        uint256 a = numA * denB;
        uint256 b = numB * denA;
        return a > b || a == b && strictA && !strictB;
    }

    function _words(Parameters memory p) private pure returns (uint256[WORDS] memory) {
        return abi.decode(abi.encode(p), (uint256[53]));
    }
}
