// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev OpenZeppelin's order (IGovernor.ProposalState). Queued waits for its eta, Succeeded may be executed now.
enum ProposalState {
    Pending,
    Active,
    Canceled,
    Defeated,
    Succeeded,
    Queued,
    Expired,
    Executed
}

/// @dev OpenZeppelin's order (GovernorCountingSimple.VoteType).
enum Support {
    Against,
    For,
    Abstain
}

// Bits of a proposal's flags. Those from 32 up are free for what comes later.
uint8 constant FLAG_EXECUTED = 1;
uint8 constant FLAG_CANCELED = 2;
uint8 constant FLAG_ESCALATED = 4;
uint8 constant FLAG_EXTENDED = 8; // the round in progress, or last, was extended
uint8 constant FLAG_VETOED = 16; // cancelled, by a chamber's veto

/// @dev A ballot as its voter signed it off line, in a batch of one proposal's.
struct SignedBallot {
    address voter;
    uint8 support;
    uint8 round;
    uint8 count; // ballots that the seat had cast in that round before this one
    string reason;
    bytes signature; // 65 or 64 bytes of an EOA; whatever the wallet takes of an ERC-1271 seat
}

/// @dev What getProposal returns: two slots (the first one is a Head), two ballot words, the vetoes. A ballot word has four planes of 64 bits, bit i of each is seat i:
/// choice low, choice high (0 none, 1 against, 2 for, 3 abstain), ballot count low, ballot count high.
struct Proposal {
    uint64 eligible; // seats at creation: the frozen denominator
    uint40 createdAt; // [Unix seconds]
    uint40 closesAt; // of the round in progress or last, with its extension   [Unix seconds]
    uint32 parametersVersion; // frozen at creation
    uint32 rosterVersion; // frozen at creation
    uint8 kind; // ActionKind
    uint8 tier; // effective: 3 after an escalation
    uint8 round; // 1, or 2 after an escalation
    uint8 proposerSeat;
    uint8 flags; // FLAG_*
    uint24 lateWindow; // frozen at creation; 0 where nothing extends a round   [seconds]
    // --- second slot: what the id is made of
    address proposer;
    uint64 nonce;
    // --- one word a round
    uint256[2] ballots;
    // --- one bit a seat
    uint64 vetoes;
}

/// @dev A chamber's count beside what it needs.
struct ChamberTally {
    uint8 size; // eligible seats of the chamber at creation
    uint8 yes; // live yes
    uint8 no;
    uint8 abstain;
    uint8 needed; // yes that this tier needs here
    bool agrees;
}

struct QuorumState {
    ProposalState state;
    uint8 tier;
    uint8 round;
    uint8 chambersAgreeing;
    uint8 chambersRequired;
    uint8 size;
    uint8 yes;
    uint8 needed;
    bool passing;
    uint40 closesAt;
    uint40 eta;
    uint40 expiresAt;
    ChamberTally[] chambers;
}
