// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Every typed effect that a vote can have. The number is part of the action hash: never reorder, only append.
enum ActionKind {
    None,
    AddConstraint, // tier 1
    TightenParameter, // tier 1
    AmendTighter, // tier 1, open to objection
    RevokeRelease, // tier 1, urgent
    ConfirmStop, // tier 1, urgent
    SuspendSeat, // tier 1
    RegisterModel, // tier 2
    GrantRelease, // tier 2, tier 3 while a stop covers it
    RenewRelease, // tier 2, tier 3 while a stop covers it
    LoosenParameter, // tier 3
    AmendLooser, // tier 3
    RetireConstraint, // tier 3
    Resume, // tier 3
    ChangeSeats, // tier 4
    FormCommittee, // tier 4
    SetParameters, // tier 4
    NameSuccessor, // tier 4, once: it ends everything here but stops
    Reclassify, // tier 4
    ReplaceSeat // tier 4, by a bar of its own
}

/// @dev Which way a numeric limit is tight: Max is an upper bound (smaller is tighter), Min a lower bound.
enum Direction {
    None,
    Max,
    Min
}

struct ParameterSetting {
    bytes32 key; // short ASCII name, left-aligned, such as "max_output_tokens"
    Direction direction;
    int128 value; // integers only; ratios are in parts per million
}

struct AddConstraint {
    string name; // constraintId = keccak256(bytes(name))
    uint40 expiresAt; // [Unix seconds], 0 = never; an expired constraint denies its scope
    ParameterSetting[] parameters;
    bytes document; // canonical JSON (RFC 8785)
}

/// @dev TightenParameter and LoosenParameter: the contract itself compares old and new.
struct SetParameter {
    bytes32 constraintId;
    bytes32 expectedParent; // the constraint's version that this change was written against
    bytes32 key;
    int128 value;
}

/// @dev AmendTighter (a claim, open to objection) and AmendLooser.
struct AmendConstraint {
    bytes32 constraintId;
    bytes32 expectedParent;
    uint40 expiresAt;
    bytes document;
}

struct RetireConstraint {
    bytes32 constraintId;
    bytes32 expectedParent;
}

/// @dev What an identity is for. None is never valid, so that an absent word cannot pass for a mode.
enum Mode {
    None,
    Plain,
    Eval,
    Mpc
}

struct IdentityRequest {
    Mode mode;
    uint16 party; // 0 for plain and eval; 1..n for the parties of MPC
}

struct RegisterModel {
    address registrar; // modelId = keccak256(abi.encode("custodes/model/v1", registrar, sealNonce))
    uint64 sealNonce;
    bytes32 parentModel; // 0 for the root of a new lineage
    bytes32 manifestHash; // keccak256 of manifest.json
    bytes32 contentRoot; // Merkle root over the ciphertext
    bytes32 keyCommitment; // commitment to the data key
    bytes32 committeeKeyHash; // keccak256 of the committee key (256 bytes, EIP-2537)
    IdentityRequest[] identities;
    string name; // for people; not unique
}

struct WorkerGrant {
    address worker;
    uint16 party;
    string organisation; // for people and for the independence of MPC parties
}

struct GrantRelease {
    bytes32 modelId;
    Mode mode;
    uint40 expiresAt; // [Unix seconds]
    WorkerGrant[] workers;
    bytes scope; // canonical JSON: capabilities, purposes, audiences, max tokens, mode, budget
}

struct RenewRelease {
    bytes32 releaseId;
    uint40 expiresAt; // [Unix seconds]
}

struct RevokeRelease {
    bytes32 releaseId;
    string reason;
}

struct ConfirmStop {
    uint64 stopId;
}

struct Resume {
    uint64[] stopIds; // exact ids; others stand
}

/// @dev A contract with the hash of its code, so that nothing else can stand there when the vote is carried out.
struct PinnedCode {
    address account;
    bytes32 codeHash;
}

/// @dev The whole of what comes after: the first is the one that is called the successor, by custom its Council.
struct NameSuccessor {
    PinnedCode[] parts;
}

struct SuspendSeat {
    uint8 seat;
    bytes32 evidenceHash;
}

/// @dev How a seat signs; fixed at grant, so that a delegation (EIP-7702) cannot disable it.
enum KeyKind {
    None,
    EOA,
    ERC1271
}

struct SeatGrant {
    string organisation; // organisationId = keccak256(bytes(organisation))
    uint8 chamber;
    bytes2 jurisdiction; // ISO 3166-1 alpha-2
    bytes32 affiliation; // common control: keccak256 of the group's name
    bytes32 framework; // short ASCII: the ethical framework an oversight seat declares, 0 elsewhere
    KeyKind kind;
    address votingKey;
    address recoveryKey;
    bytes32 evidenceHash; // what the labels rest on
}

/// @dev One atomic batch, judged on the resulting set. Removals come first, so that a seat can be moved or reinstated.
struct ChangeSeats {
    uint8[] removals; // seat numbers
    SeatGrant[] grants;
}

/// @dev Labels are claims that a vote makes. It always succeeds; what it breaches is healed by suspension.
struct Reclassify {
    uint8 seat;
    bytes2 jurisdiction;
    bytes32 affiliation;
    bytes32 framework;
    bytes32 evidenceHash; // what the labels rest on
}

/// @dev Who takes the place, in the same chamber, of a seat that stayed silent through its challenge. The same
/// organisation may, with keys that it has not lost.
struct ReplaceSeat {
    uint8 seat;
    SeatGrant replacement;
}

struct OracleMember {
    bytes32 organisationId;
    address oracle; // signs the oracle's transactions
}

struct FormCommittee {
    uint16 threshold; // t
    uint16 slack; // acknowledgements needed beyond t
    OracleMember[] members;
    uint64 predecessor; // the epoch in force, whose key these members are to hold; 0 = a new key
}
