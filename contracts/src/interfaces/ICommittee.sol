// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "./IActionTarget.sol";

/// @notice The DKG board and the unlock bus: everything between oracles and workers goes over the chain.
/// Points are EIP-2537 encodings: G1 128 bytes, G2 256 bytes.
interface ICommittee is IActionTarget {
    enum Phase {
        None,
        Registering,
        Dealing,
        Settling, // the dealings are to be summed; again, if one of them was disqualified
        Acknowledging, // everybody acknowledges its share, or complains
        Answering, // the accused reveal the disputed shares
        Confirming, // everybody who has not acknowledged these sums does so; nobody complains any more
        InForce,
        Aborted,
        Superseded
    }

    /// @dev Why a dealer is disqualified.
    enum Fault {
        None,
        ManyComplaints, // t or more: to answer would be to publish its secret
        WrongShare, // what it revealed does not lie on its polynomial
        Silent // it did not answer in time
    }

    struct Epoch {
        Phase phase;
        uint16 threshold; // t
        uint16 slack;
        uint16 size; // n
        uint16 registered;
        uint16 dealt;
        uint16 acknowledged;
        uint40 startedAt; // [Unix seconds]
        uint40 phaseEndsAt; // [Unix seconds]
        bytes32 keyHash; // keccak256 of the committee key, 0 until the dealings are summed
        uint64 predecessor; // the epoch whose key is dealt again; 0 = a new key
        uint32 qualified; // the dealers that the sums are made of; bit = position in the dealers' list
        uint16 complained; // members that complained
        uint16 accused; // dealers that owe an answer
    }

    struct Member {
        address oracle;
        uint16 index; // permanent, 1..65535, never a list position
        bytes32 organisationId;
        bytes32 transportKeyHash; // keccak256 of the HPKE public key registered for this epoch
        bytes32 commitmentsHash; // committed before anybody reveals; 0 in a resharing, where nothing can be chosen
        bytes32 verificationKeyHash; // keccak256 of PK_j (256 bytes), 0 until acknowledged
        bool complained;
    }

    /// @dev What a dealer has done: the members of the epoch deal a new key, those of its predecessor deal theirs again.
    struct Dealing {
        bytes32 commitmentsHash; // of what it revealed, bound to its place
        bytes32 dealingHash; // keccak256(abi.encode(commitments, envelopes)), 0 until dealt
        uint32 complainants; // bit = position in the epoch's member list
        bool answered;
        bool disqualified;
    }

    struct Request {
        bytes32 releaseId;
        bytes32 identity;
        bytes32 transportHash; // keccak256(T)
        address worker;
        uint64 epoch;
        uint40 expiresAt; // [Unix seconds]; 0 = no such request
        uint32 approvals; // bit = position in the epoch's member list
        uint32 partials;
    }

    event EpochStarted(
        uint64 indexed epoch,
        uint256 indexed proposalId,
        uint16 threshold,
        uint16 slack,
        uint16 size,
        uint40 phaseEndsAt,
        uint64 predecessor
    );
    event MemberNamed(uint64 indexed epoch, uint16 indexed index, address indexed oracle, bytes32 organisationId);
    event TransportKeyRegistered(
        uint64 indexed epoch, uint16 indexed index, bytes transportKey, bytes32 commitmentsHash
    );
    event PhaseAdvanced(uint64 indexed epoch, Phase phase, uint40 phaseEndsAt);
    event Dealt(uint64 indexed epoch, uint16 indexed dealer, bytes commitments, bytes proof, bytes[] envelopes);
    event DealerAccused(uint64 indexed epoch, uint16 indexed dealer, uint16 indexed accuser);
    /// @notice What an accused dealer answered; a wrong one is followed by its disqualification.
    event ShareRevealed(uint64 indexed epoch, uint16 indexed dealer, uint16 indexed recipient, bytes32 share);
    event DealerDisqualified(uint64 indexed epoch, uint16 indexed dealer, address indexed oracle, Fault fault);
    event Settled(uint64 indexed epoch, uint16[] dealers, bytes32 keyHash);
    event Acknowledged(uint64 indexed epoch, uint16 indexed index, bytes verificationKey);
    event EpochInForce(uint64 indexed epoch, bytes32 indexed keyHash, bytes key);
    event EpochAborted(uint64 indexed epoch, Phase phase, string reason);
    event UnlockRequested(
        bytes32 indexed requestId,
        bytes32 indexed releaseId,
        address indexed worker,
        uint64 epoch,
        bytes32 identity,
        bytes transportKey,
        bytes proof,
        uint40 expiresAt
    );
    event UnlockApproved(bytes32 indexed requestId, uint16 indexed index, uint8 approvals);
    event PartialPosted(bytes32 indexed requestId, uint16 indexed index, bytes partialKey, uint8 partials);
    /// @notice A member answered with a point that does not verify against its key: R-Committee-17. It counts for nothing.
    event PartialRefused(bytes32 indexed requestId, uint16 indexed index, address indexed oracle, bytes partialKey);

    /// @notice R-Committee-01: the committee is malformed: 2 <= t, 2t - 1 <= n <= 31, t + slack <= n, distinct oracles.
    error MalformedCommittee(uint16 threshold, uint16 slack, uint256 size);
    /// @notice R-Committee-02: one oracle an organisation of the charter.
    error BadOrganisation(bytes32 organisationId);
    /// @notice R-Committee-03: an affiliation group or a jurisdiction would hold t oracles.
    error TooConcentrated(bytes32 label, uint256 actual, uint256 allowed);
    /// @notice R-Committee-04: the epoch is in actual, and this call needs required.
    error UnexpectedPhase(uint64 epoch, Phase actual, Phase required);
    /// @notice R-Committee-05: the phase is over, or not over yet.
    error PhaseDeadline(uint64 epoch, uint40 phaseEndsAt, uint256 nowAt);
    /// @notice R-Committee-06: the caller is no member of that epoch, or did not register for it.
    error NotMember(uint64 epoch, address caller);
    /// @notice R-Committee-07: that member has done this already.
    error AlreadyDone(uint64 epoch, uint16 index);
    /// @notice R-Committee-08: what was revealed is not what was committed, or has the wrong length.
    error CommitmentMismatch(uint16 dealer, bytes32 actual, bytes32 committed);
    /// @notice R-Committee-09: a point is off the curve, outside the subgroup, the identity, or not canonical; or nobody
    /// has proven to know the secret behind a transport key.
    error BadPoint();
    /// @notice R-Committee-10: the proof of possession does not verify.
    error BadProof(uint16 index);
    /// @notice R-Committee-11: a key is being made, or another epoch is in force than the one to be dealt again.
    error CommitteeBusy(uint64 epoch, Phase phase);
    /// @notice R-Committee-12: everything is stopped.
    error EverythingStopped();
    /// @notice R-Committee-13: the release does not let that worker unlock.
    error NotReleasable(bytes32 releaseId, address worker, uint8 reason);
    /// @notice R-Committee-14: an open request of that worker under that release stands already, or this is the transport
    /// key of an earlier one.
    error RequestOpen(bytes32 requestId, uint40 expiresAt);
    /// @notice R-Committee-15: no open request has that id.
    error NoOpenRequest(bytes32 requestId, uint40 expiresAt);
    /// @notice R-Committee-16: the request has fewer approvals than the threshold.
    error NotApproved(bytes32 requestId, uint256 actual, uint256 required);
    /// @notice R-Committee-17: the partial comes with another T or PK_i than those that it has to verify against.
    error BadPartial(bytes32 requestId, uint16 index);
    /// @notice R-Committee-18: a stop fell between the first partial and the t-th: that identity waits for a refresh.
    error IdentityBarred(bytes32 identity);
    /// @notice R-Committee-19: no committee key is in force.
    error NoCommittee();
    /// @notice R-Committee-21: no other member with that index has dealt, or the indices do not ascend.
    error NoDealing(uint64 epoch, uint16 dealer);
    /// @notice R-Committee-22: in a resharing a dealer deals the share that it proved, and nothing else.
    error NotItsShare(uint16 dealer, bytes32 actual, bytes32 held);
    /// @notice R-Committee-23: nobody complained of that dealer, or it is disqualified already.
    error NoComplaint(uint64 epoch, uint16 dealer);
    /// @notice R-Committee-24: the sums are made of as many dealings as qualify.
    error WrongDealings(uint64 epoch, uint256 actual, uint256 required);

    /// @notice By each member, once: a fresh HPKE key (MLKEM768_X25519) and the hash of its commitments (0 in a resharing).
    function register(uint64 epoch, bytes calldata transportKey, bytes32 commitmentsHash) external;

    /// @notice By each dealer, once: t commitments (t * 256 bytes), a proof of possession (128), an envelope for every
    /// registered member but itself, in the order of the list (the other places are empty).
    function deal(uint64 epoch, bytes calldata commitments, bytes calldata proof, bytes[] calldata envelopes) external;

    /// @notice By a member whose envelopes from these dealers (ascending indices) do not verify, once, about all of them.
    function complain(uint64 epoch, uint16[] calldata dealers) external;

    /// @notice By an accused dealer, once: its commitments again, and the share of every member that complained of it, in
    /// the order of the list. A share that is not on its polynomial disqualifies it.
    function answer(uint64 epoch, bytes calldata commitments, bytes32[] calldata shares) external;

    /// @notice By anybody: the commitments to be summed, in the order of the dealers' list. For a new key those of all
    /// valid dealers, in a resharing those of the first t of the predecessor's by index.
    function settle(uint64 epoch, bytes[] calldata commitments) external;

    /// @notice By each member, once: a proof (128 bytes) that it holds the share behind the derived PK_j.
    function acknowledge(uint64 epoch, bytes calldata proof) external;

    /// @notice By anybody, after a deadline: the epoch goes on with those who did their part, comes in force, or aborts.
    function advance(uint64 epoch) external;

    /// @notice By a worker that the release names: T = tau H(id) (128 bytes), fresh, and the proof that it knows tau
    /// (challenge and response, 64 bytes), bound to
    /// keccak256(abi.encode("custodes/transport/v1", chainId, this, releaseId, worker, identity)).
    function requestUnlock(bytes32 releaseId, bytes calldata transportKey, bytes calldata proof)
        external
        returns (bytes32 requestId);

    /// @notice By a member of the request's epoch, once.
    function approve(bytes32 requestId) external;

    /// @notice By a member of the request's epoch, once, after t approvals: C = x_i T. The request's release and worker, T and
    /// the member's PK_i are given again and checked against their hashes. Points are words: of G1 four, of G2 eight, so that
    /// none has a length that could be wrong. A wrong C reverts nothing: it is refused, and stays on record with the
    /// oracle's address.
    function post(
        bytes32 requestId,
        bytes32 releaseId,
        address worker,
        bytes32[4] calldata partialKey,
        bytes32[4] calldata transportKey,
        bytes32[8] calldata verificationKey
    ) external;

    function currentEpoch() external view returns (uint64);

    /// @notice The latest epoch started, in force or not.
    function latestEpoch() external view returns (uint64);

    function getEpoch(uint64 epoch) external view returns (Epoch memory);

    function getMembers(uint64 epoch) external view returns (Member[] memory);

    /// @notice By the dealer's position in the list of the members of this epoch, or in a resharing of its predecessor.
    function getDealing(uint64 epoch, uint256 place) external view returns (Dealing memory);

    /// @notice The committee key (256 bytes) in force; empty if none.
    function key() external view returns (bytes memory);

    /// @notice keccak256 of the committee key in force; 0 if none.
    function keyHash() external view returns (bytes32);

    /// @notice The t aggregated commitments of an epoch (t * 256 bytes).
    function aggregate(uint64 epoch) external view returns (bytes memory);

    function verificationKey(uint64 epoch, uint16 index) external view returns (bytes memory);

    /// @notice keccak256(abi.encode("custodes/unlock/v1", chainId, this, epoch, releaseId, worker, keccak256(T))).
    function computeRequestId(uint64 epoch, bytes32 releaseId, address worker, bytes32 transportHash)
        external
        view
        returns (bytes32);

    function getRequest(bytes32 requestId) external view returns (Request memory);

    /// @notice The last request of a worker under a release.
    function lastRequest(bytes32 releaseId, address worker) external view returns (bytes32);

    /// @notice Whether a stop fell between the first partial for that identity and the t-th, in that epoch.
    function isBarred(uint64 epoch, bytes32 identity) external view returns (bool);

    function hashToG1(bytes32 identity) external view returns (bytes memory);
}
