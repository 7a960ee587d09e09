// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ActionKind} from "../types/Actions.sol";
import {Bounds, Parameters} from "../types/Parameters.sol";
import {Proposal, ProposalState, QuorumState, SignedBallot} from "../types/Proposals.sol";
import {IActionTarget} from "./IActionTarget.sol";

/// @notice Proposals, ballots, thresholds, timelocks. An ABI subset of OpenZeppelin's IGovernor.
interface ICouncil is IActionTarget {
    // OpenZeppelin's events, verbatim
    event ProposalCreated(
        uint256 proposalId,
        address proposer,
        address[] targets,
        uint256[] values,
        string[] signatures,
        bytes[] calldatas,
        uint256 voteStart,
        uint256 voteEnd,
        string description
    );
    event VoteCast(address indexed voter, uint256 proposalId, uint8 support, uint256 weight, string reason);
    event ProposalExecuted(uint256 proposalId);
    event ProposalCanceled(uint256 proposalId);
    event ProposalExtended(uint256 indexed proposalId, uint64 extendedDeadline); // GovernorPreventLateQuorum's

    // ours, indexed. The action's bytes stand in ProposalCreated.calldatas[0].
    event ActionProposed(
        uint256 indexed proposalId,
        ActionKind indexed kind,
        uint8 indexed seat,
        uint8 tier,
        uint64 nonce,
        uint32 parametersVersion,
        uint32 rosterVersion,
        uint40 closesAt,
        uint40 eta
    );
    /// @dev reason: the custom error with which castSignedVote would have refused the ballot.
    event BallotSkipped(
        uint256 indexed proposalId, address indexed voter, uint8 support, uint8 round, uint8 count, bytes reason
    );
    /// @dev vetoes: of live seats of that chamber, this one included; needed: how many stop the proposal.
    event VetoCast(
        uint256 indexed proposalId, uint8 indexed seat, uint8 indexed chamber, uint8 vetoes, uint8 needed, string reason
    );
    event ProposalVetoed(uint256 indexed proposalId, uint8 indexed chamber);
    event Objected(
        uint256 indexed proposalId,
        uint8 indexed seat,
        bytes32 counterexampleHash,
        string statement,
        uint40 closesAt,
        uint40 eta
    );
    event ActionExecuted(uint256 indexed proposalId, ActionKind indexed kind, uint8 tier, address executor);
    event Activated(bytes32 indexed charterHash);
    event ParametersSet(uint32 indexed version, uint256 indexed proposalId, Parameters parameters);

    /// @notice R-Council-01: the caller, or the ballot's voter, holds no live seat.
    error NotLiveSeat(address account);
    /// @notice R-Council-02: that seat has as many open proposals as it may.
    error TooManyOpenProposals(uint8 seat, uint8 allowed);
    /// @notice R-Council-03: the action is not the one that was voted under this id.
    error ActionMismatch(uint256 proposalId, uint256 computed);
    /// @notice R-Council-04: the seat was not eligible when the proposal was made.
    error NotEligible(uint256 proposalId, uint8 seat);
    /// @notice R-Council-05: the proposal is in actual, and this call needs required.
    error UnexpectedState(uint256 proposalId, ProposalState actual, ProposalState required);
    /// @notice R-Council-06: that seat has cast as many ballots in this round as it may.
    error TooManyBallots(uint256 proposalId, uint8 seat);
    /// @notice R-Council-07: the signed ballot is for another round or count.
    error StaleBallot(
        uint256 proposalId, uint8 seat, uint8 round, uint8 count, uint8 expectedRound, uint8 expectedCount
    );
    /// @notice R-Council-07: the signature is not the voter's.
    error BadSignature(address voter);
    /// @notice R-Council-08: support is against (0), for (1) or abstain (2).
    error BadSupport(uint8 support);
    /// @notice R-Council-11: only an amendment that is claimed to tighten, in its first round, is open to objection.
    error NotObjectable(uint256 proposalId, ActionKind kind, uint8 round);
    /// @notice R-Council-13: only the proposer cancels, and only before another seat's ballot.
    error NotCancellable(uint256 proposalId, address caller);
    /// @notice R-Council-14: a parameter is outside of its immutable bounds; the word is its position in abi.encode.
    error OutOfBounds(uint256 word, uint256 value, uint256 min, uint256 max);
    /// @notice R-Council-15: the tiers are inverted, loosening is easier than tightening, a threshold is too low, or terms contradict.
    error UnsoundParameters(uint8 tier);
    /// @notice R-Council-16: the system is not active yet.
    error NotActive();
    /// @notice R-Council-16: the contracts disagree about each other or about the charter.
    error ActivationMismatch(address where, bytes32 actual, bytes32 required);
    /// @notice R-Council-17: no proposal has that id.
    error UnknownProposal(uint256 proposalId);
    /// @notice R-Council-30: the system has a successor, and here nothing but what stops is proposed.
    error HasSuccessor(address successor);
    /// @notice R-Council-30: only Brake closes the Council, when a vote names a successor.
    error OnlyBrake(address caller);
    /// @notice R-Council-25: nothing of tier 1 is open to a veto, nor the replacement of a dormant seat.
    error NotVetoable(uint256 proposalId, ActionKind kind, uint8 tier);
    /// @notice R-Council-26: that seat has vetoed the proposal already; a veto is never taken back.
    error AlreadyVetoed(uint256 proposalId, uint8 seat);
    /// @notice R-Council-18: the action now needs a higher tier than it was voted at.
    error TierTooLow(uint256 proposalId, uint8 actual, uint8 required);

    function charterHash() external view returns (bytes32);

    function legalTextHash() external view returns (bytes32);

    /// @notice keccak256(abi.encode(initial parameters, bounds)).
    function parametersHash() external view returns (bytes32);

    function active() external view returns (bool);

    /// @notice What follows this system, or 0. With a successor nothing is proposed or executed here any more, but
    /// revocations and confirmations of stops: what else passes has expired.
    function successor() external view returns (address);

    /// @notice Only Brake, when the vote that names the successor is carried out.
    function close(address successor_) external;

    /// @notice Permissionless: checks all mutual addresses and the charter hash, once. A system with a predecessor takes it over
    /// here, and only if the predecessor's vote has named it.
    function activate() external;

    function parameters() external view returns (uint32 version, Parameters memory current);

    function parametersAt(uint32 version) external view returns (Parameters memory);

    function bounds() external view returns (Bounds memory);

    /// @notice The longest possible time from a proposal's creation to its last executable second: how long the number of a
    /// removed seat rests. 2 * (period + lateWindow + max(timelock, objectionWindow) + grace), or period + lateWindow +
    /// replacementDelay + grace if that is longer, each at its highest bound [seconds].
    function longestProposal() external view returns (uint40);

    /// @notice Only a live seat. Decodes and validates the action; the round opens at once.
    function propose(ActionKind kind, bytes calldata action, string calldata description)
        external
        returns (uint256 proposalId);

    function castVote(uint256 proposalId, uint8 support) external returns (uint256 weight);

    function castVoteWithReason(uint256 proposalId, uint8 support, string calldata reason)
        external
        returns (uint256 weight);

    /// @notice By any relayer: a ballot signed off line (EIP-712), for exactly this round and count. 65 or 64 bytes (EIP-2098).
    function castSignedVote(
        uint256 proposalId,
        uint8 support,
        address voter,
        uint8 round,
        uint8 count,
        string calldata reason,
        bytes calldata signature
    ) external returns (uint256 weight);

    /// @notice By any relayer: ballots of one proposal, each as castSignedVote takes it. One that it would refuse is skipped
    /// with an event, and the others count, as if they had come one by one in that order. Returns how many did.
    function castSignedVotes(uint256 proposalId, SignedBallot[] calldata ballots) external returns (uint256 counted);

    /// @notice EIP-712: Ballot(uint256 proposalId,uint8 support,address voter,uint8 round,uint8 count,string reason).
    function ballotDigest(
        uint256 proposalId,
        uint8 support,
        address voter,
        uint8 round,
        uint8 count,
        string calldata reason
    ) external view returns (bytes32);

    /// @notice By an eligible live seat, until execution: escalates a claimed tightening to tier 3, once.
    function object(uint256 proposalId, bytes32 counterexampleHash, string calldata statement) external;

    function cancel(uint256 proposalId) external;

    /// @notice By an eligible live seat, before eta: more than half of a chamber's seats stop the proposal for good.
    function veto(uint256 proposalId, string calldata reason) external;

    /// @notice The seats that have vetoed, one bit each; those of them that are live count.
    function vetoesOf(uint256 proposalId) external view returns (uint64 seats);

    /// @notice By anybody, in [eta, eta + grace]; revocations and confirmations as soon as their threshold is met.
    function execute(uint256 proposalId, ActionKind kind, bytes calldata action) external;

    function state(uint256 proposalId) external view returns (ProposalState);

    function quorumState(uint256 proposalId) external view returns (QuorumState memory);

    function getProposal(uint256 proposalId) external view returns (Proposal memory);

    function computeProposalId(address proposer, uint64 nonce, ActionKind kind, bytes calldata action)
        external
        view
        returns (uint256);

    /// @notice The number of proposals that an account has made: the nonce of its next one.
    function proposalNonce(address proposer) external view returns (uint64);

    function hasVoted(uint256 proposalId, address account) external view returns (bool);

    /// @notice The seat's choice (0 none, 1 against, 2 for, 3 abstain), the round, and its ballots cast in it.
    function ballotOf(uint256 proposalId, uint8 seat) external view returns (uint8 choice, uint8 round, uint8 count);

    function proposalSnapshot(uint256 proposalId) external view returns (uint256);

    function proposalDeadline(uint256 proposalId) external view returns (uint256);

    function proposalEta(uint256 proposalId) external view returns (uint256);

    function proposalProposer(uint256 proposalId) external view returns (address);

    /// @notice Always false: an eta needs no call.
    function proposalNeedsQueuing(uint256 proposalId) external view returns (bool);

    /// @notice Always 0: a round opens with its proposal.
    function votingDelay() external view returns (uint256);

    /// @notice Always 1: a live seat has one vote, and one vote proposes.
    function proposalThreshold() external view returns (uint256);

    function name() external view returns (string memory);

    function version() external view returns (string memory);

    // solhint-disable-next-line func-name-mixedcase
    function COUNTING_MODE() external view returns (string memory);

    function clock() external view returns (uint48);

    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() external view returns (string memory);
}
