// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev What a proposal of one tier needs. Fractions are cross-multiplied against all eligible seats, never turnout.
/// A chamber agrees if yes * chamberDen > chamberNum * size (strict) or >= (not strict). One slot.
struct TierRule {
    uint16 chamberNum; // 0 with strict: one yes suffices
    uint16 chamberDen;
    bool chamberStrict;
    uint8 chambersRequired; // 0 = every chamber
    uint16 overallNum;
    uint16 overallDen;
    bool overallStrict;
    uint40 period; // voting period of a round      [seconds]
    uint40 timelock; // from close to eta             [seconds]
}

/// @dev Every number that governs. All members are static, so abi.encode gives one word each and bounds compare words.
struct Parameters {
    TierRule[4] tiers; // tiers 1 to 4
    uint40 objectionWindow; // between close and execution of a claimed tightening   [seconds]
    uint40 grace; // an executable proposal expires after it                [seconds]
    uint24 lateWindow; // at the end of a round: who turns it into passing then extends it to as long again [seconds]
    uint8 openProposals; // m: open proposals a seat; one more in the safe direction
    uint8 pullSeats; // k: seats that stop
    uint40 pullWindow; // pulls count within it                                  [seconds]
    uint40 brakeTerm; // an unconfirmed stop can lapse after it                 [seconds]
    uint40 cooldown; // of the seats whose stop lapsed unconfirmed             [seconds]
    uint40 rotationDelay; // of a key rotation by the voting key                    [seconds]
    uint40 releaseLifetime; // longest release                                        [seconds]
    uint40 requestLifetime; // of an unlock request                                   [seconds]
    uint40 dkgPhase; // each of register, deal, acknowledge                    [seconds]
    uint40 stallLimit; // a chain whose latest block is older counts as stopped  [seconds]
    uint32 documentBytes; // longest document that a proposal carries               [bytes]
    uint40 dormancy; // silence after which a seat may be challenged           [seconds]
    uint40 challengePeriod; // silence under a challenge, after which it may be replaced [seconds]
    uint40 replacementDelay; // from the close of such a replacement's vote to its eta  [seconds]
}

/// @dev The immutable minimum and maximum of every parameter, set by the charter.
struct Bounds {
    Parameters min;
    Parameters max;
}
