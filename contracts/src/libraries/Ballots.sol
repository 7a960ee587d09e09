// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev The ballot word of one round: four planes of 64 bits, bit i of each is seat i. From low to high: choice low,
/// choice high (0 none, 1 against, 2 for, 3 abstain), count low, count high (ballots cast, at most 3).
library Ballots {
    uint8 internal constant AGAINST = 1;
    uint8 internal constant FOR = 2;
    uint8 internal constant ABSTAIN = 3;
    uint256 internal constant MAX_COUNT = 3;

    uint256 private constant CHOICE_HIGH = 64;
    uint256 private constant COUNT_LOW = 128;
    uint256 private constant COUNT_HIGH = 192;

    /// @dev What an empty word is stored as: the count planes stand inverted, as ballots left. So the word is not zero
    /// when the first ballot comes, which then costs no more than the next; a word that was never opened has none left.
    uint256 private constant STORED_EMPTY = uint256(type(uint128).max) << 128;

    /// @dev Between the word and its stored form; its own inverse.
    function flip(uint256 word) internal pure returns (uint256) {
        return word ^ STORED_EMPTY;
    }

    function choiceOf(uint256 word, uint8 seat) internal pure returns (uint8) {
        return _pair(word, seat);
    }

    function countOf(uint256 word, uint8 seat) internal pure returns (uint8) {
        return _pair(word >> COUNT_LOW, seat);
    }

    /// @dev Seats whose present choice it is.
    function chosen(uint256 word, uint8 choice) internal pure returns (uint64) {
        uint256 low = choice & 1 == 0 ? ~word : word;
        uint256 high = choice & 2 == 0 ? ~word : word;
        return uint64(low & high >> CHOICE_HIGH);
    }

    /// @dev Seats that cast any ballot.
    function voted(uint256 word) internal pure returns (uint64) {
        return uint64(word | word >> CHOICE_HIGH);
    }

    /// @dev The word after a seat's next ballot. The caller has checked that its count is below MAX_COUNT.
    function cast(uint256 word, uint8 seat, uint8 choice) internal pure returns (uint256) {
        unchecked {
            uint256 planes = word >> seat;
            // Counting up in two planes: the low bit flips, the high one takes the carry.
            planes = planes ^ 1 << COUNT_LOW ^ (planes & 1 << COUNT_LOW) << 64;
            uint256 chosen_ = uint256(choice) & 1 | uint256(choice >> 1) << CHOICE_HIGH;
            planes = planes & ~(1 | uint256(1) << CHOICE_HIGH) | chosen_;
            uint256 four = (1 | 1 << CHOICE_HIGH | 1 << COUNT_LOW | 1 << COUNT_HIGH) << seat;
            return word & ~four | planes << seat & four;
        }
    }

    /// @dev The bits of a seat in the lowest plane and in the one above it.
    function _pair(uint256 word, uint8 seat) private pure returns (uint8) {
        uint256 planes = word >> seat;
        return uint8(planes & 1 | (planes >> CHOICE_HIGH & 1) << 1);
    }
}
