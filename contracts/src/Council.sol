// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "./interfaces/IActionTarget.sol";
import {ICouncil} from "./interfaces/ICouncil.sol";
import {ISeats} from "./interfaces/ISeats.sol";
import {ActionTarget} from "./libraries/ActionTarget.sol";
import {Ballots} from "./libraries/Ballots.sol";
import {Eip712} from "./libraries/Eip712.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {Tally} from "./libraries/Tally.sol";
import {Tiers} from "./libraries/Tiers.sol";
import {ActionKind} from "./types/Actions.sol";
import {Bounds, Parameters, TierRule} from "./types/Parameters.sol";
import {
    ChamberTally,
    FLAG_CANCELED,
    FLAG_ESCALATED,
    FLAG_EXECUTED,
    Proposal,
    ProposalHead,
    ProposalState,
    QuorumState,
    Support
} from "./types/Proposals.sol";
import {ActionContext, System} from "./types/System.sol";

/// @title The Council
/// @notice Every change of the system is a typed action that a proposal carries and the seats vote for.
/// @dev The kernel knows thresholds and time, not meanings: each kind of action has one target contract, which says what
/// tier the action needs and carries it out. Seats and parameters are frozen at creation, so the denominator is frozen;
/// the numerator is live: the yes of a seat that is gone does not count when the proposal is judged.
contract Council is ICouncil, ActionTarget, Eip712 {
    bytes32 internal constant BALLOT_TYPEHASH =
        keccak256("Ballot(uint256 proposalId,uint8 support,address voter,uint8 round,uint8 count,string reason)");

    struct Record {
        ProposalHead head;
        address proposer;
        uint64 nonce;
        uint256[2] ballots; // one word a round, stored flipped: see Ballots.flip
    }

    bytes32 public immutable charterHash;
    bytes32 public immutable legalTextHash;
    bytes32 public immutable parametersHash;
    uint40 public immutable longestProposal;

    bool public active;
    uint32 private _version; // of the parameters in force
    mapping(uint32 version => Parameters) private _sets;
    Bounds private _bounds;

    mapping(uint256 proposalId => Record) private _proposals;
    mapping(address proposer => uint64) public proposalNonce;
    mapping(uint8 seat => mapping(uint256 index => uint256 proposalId)) private _slots; // filled from 0, without gaps

    constructor(
        System memory sys,
        bytes32 legalTextHash_,
        bytes32 charterHash_,
        Parameters memory initial,
        Bounds memory bounds_
    ) ActionTarget(sys) {
        charterHash = charterHash_;
        legalTextHash = legalTextHash_;
        parametersHash = keccak256(abi.encode(initial, bounds_));
        longestProposal = uint40(Tiers.longestLife(bounds_.max));
        _bounds = bounds_;
        _checkParameters(initial, bounds_);
        _setParameters(initial, 0);
    }

    /// @inheritdoc ICouncil
    /// @dev Silent when it has been done, so that nobody makes another's deployment fail by being first.
    function activate() external {
        if (active) return;
        System memory sys = this.system();
        bytes32 wiring = keccak256(abi.encode(sys));
        _requireWired(sys.seats, wiring);
        _requireWired(sys.council, wiring);
        _requireWired(sys.constraints, wiring);
        _requireWired(sys.releases, wiring);
        _requireWired(sys.brake, wiring);
        _requireWired(sys.committee, wiring);

        bytes32 charter =
            keccak256(abi.encode("custodes/charter/v1", legalTextHash, SEATS.genesisHash(), parametersHash));
        if (charter != charterHash) revert ActivationMismatch(address(this), charter, charterHash); // R-Council-16
        bytes32 ledger = keccak256(abi.encode("custodes/ledger/v1", block.chainid, CONSTRAINTS, charter));
        bytes32 head = CONSTRAINTS.genesisHead();
        if (head != ledger) revert ActivationMismatch(address(CONSTRAINTS), head, ledger); // R-Council-16

        active = true;
        emit Activated(charter);
    }

    // --- a proposal's life

    /// @inheritdoc ICouncil
    function propose(ActionKind kind, bytes calldata action, string calldata description)
        external
        returns (uint256 proposalId)
    {
        if (!active) revert NotActive(); // R-Council-16
        uint8 seat = _requireLive(msg.sender);
        uint8 tier = _tierNow(kind, action);
        uint32 version = _version;
        uint64 nonce = proposalNonce[msg.sender]++;
        proposalId = computeProposalId(msg.sender, nonce, kind, action);
        _takeSlot(seat, tier, version, proposalId);

        (uint32 rosterVersion, uint64 eligible) = SEATS.roster();
        TierRule memory rule = _sets[version].tiers[tier - 1];
        ProposalHead memory h = ProposalHead({
            eligible: eligible,
            createdAt: uint40(block.timestamp),
            closesAt: uint40(block.timestamp + rule.period),
            parametersVersion: version,
            rosterVersion: rosterVersion,
            kind: uint8(kind),
            tier: tier,
            round: 1,
            proposerSeat: seat,
            flags: 0
        });
        Record storage record = _proposals[proposalId];
        record.head = h;
        record.proposer = msg.sender;
        record.nonce = nonce;
        record.ballots[0] = Ballots.flip(0);

        emit ActionProposed(proposalId, kind, seat, tier, nonce, version, rosterVersion, h.closesAt, _eta(h, rule));
        _emitCreated(proposalId, kind, action, description, h);
    }

    /// @inheritdoc ICouncil
    function castVote(uint256 proposalId, uint8 support) external returns (uint256 weight) {
        (ProposalHead memory h, uint8 seat, uint256 word) = _admit(proposalId, msg.sender, support);
        _record(proposalId, h.round, seat, support, word);
        emit VoteCast(msg.sender, proposalId, support, 1, "");
        return 1;
    }

    /// @inheritdoc ICouncil
    function castVoteWithReason(uint256 proposalId, uint8 support, string calldata reason)
        external
        returns (uint256 weight)
    {
        (ProposalHead memory h, uint8 seat, uint256 word) = _admit(proposalId, msg.sender, support);
        _record(proposalId, h.round, seat, support, word);
        emit VoteCast(msg.sender, proposalId, support, 1, reason);
        return 1;
    }

    /// @inheritdoc ICouncil
    function castSignedVote(
        uint256 proposalId,
        uint8 support,
        address voter,
        uint8 round,
        uint8 count,
        string calldata reason,
        bytes calldata signature
    ) external returns (uint256 weight) {
        (ProposalHead memory h, uint8 seat, uint256 word) = _admit(proposalId, voter, support);
        uint8 expected = Ballots.countOf(word, seat);
        // A ballot that the relayer held back must not be played after a later one.
        if (round != h.round || count != expected) {
            revert StaleBallot(proposalId, seat, round, count, h.round, expected); // R-Council-07
        }
        bytes32 digest = ballotDigest(proposalId, support, voter, round, count, reason);
        if (Signatures.recover(digest, signature) != voter) revert BadSignature(voter); // R-Council-07
        _record(proposalId, h.round, seat, support, word);
        emit VoteCast(voter, proposalId, support, 1, reason);
        return 1;
    }

    /// @inheritdoc ICouncil
    function object(uint256 proposalId, bytes32 counterexampleHash, string calldata statement) external {
        uint8 seat = _requireLive(msg.sender);
        ProposalHead memory h = _head(proposalId);
        _requireEligible(proposalId, h, seat);
        if (h.kind != uint8(ActionKind.AmendTighter) || h.round != 1) {
            revert NotObjectable(proposalId, ActionKind(h.kind), h.round); // R-Council-11
        }
        ProposalState current = _state(proposalId, h);
        if (current != ProposalState.Active && current != ProposalState.Queued && current != ProposalState.Succeeded) {
            revert UnexpectedState(proposalId, current, ProposalState.Queued); // R-Council-05
        }

        // A second round with a full period of tier 3 and empty ballots; the parameters stay those of the creation.
        TierRule memory rule = _sets[h.parametersVersion].tiers[2];
        h.tier = 3;
        h.round = 2;
        h.closesAt = uint40(block.timestamp + rule.period);
        h.flags |= FLAG_ESCALATED;
        _proposals[proposalId].head = h;
        _proposals[proposalId].ballots[1] = Ballots.flip(0);
        emit Objected(proposalId, seat, counterexampleHash, statement, h.closesAt, _eta(h, rule));
    }

    /// @inheritdoc ICouncil
    function cancel(uint256 proposalId) external {
        ProposalHead memory h = _head(proposalId);
        ProposalState current = _state(proposalId, h);
        if (current != ProposalState.Active) {
            revert UnexpectedState(proposalId, current, ProposalState.Active); // R-Council-05
        }
        (uint8 seat, ISeats.Standing standing) = SEATS.seatOf(msg.sender);
        uint64 others = (Ballots.voted(_ballots(proposalId, 1)) | Ballots.voted(_ballots(proposalId, h.round)))
            & ~(uint64(1) << h.proposerSeat);
        if (standing != ISeats.Standing.Live || seat != h.proposerSeat || others != 0) {
            revert NotCancellable(proposalId, msg.sender); // R-Council-13
        }
        _proposals[proposalId].head.flags = h.flags | FLAG_CANCELED;
        emit ProposalCanceled(proposalId);
    }

    /// @inheritdoc ICouncil
    function execute(uint256 proposalId, ActionKind kind, bytes calldata action) external {
        ProposalHead memory h = _head(proposalId);
        ProposalState current = _state(proposalId, h);
        if (current != ProposalState.Succeeded) {
            revert UnexpectedState(proposalId, current, ProposalState.Succeeded); // R-Council-05
        }
        Record storage record = _proposals[proposalId];
        uint256 computed = computeProposalId(record.proposer, record.nonce, kind, action);
        if (computed != proposalId) revert ActionMismatch(proposalId, computed); // R-Council-03

        record.head.flags = h.flags | FLAG_EXECUTED; // before any call that changes something
        uint8 tier = _tierNow(kind, action);
        if (h.tier < tier) revert TierTooLow(proposalId, h.tier, tier); // R-Council-18
        emit ActionExecuted(proposalId, kind, h.tier, msg.sender);
        emit ProposalExecuted(proposalId);
        IActionTarget(_target(kind)).executeAction(kind, action, ActionContext(proposalId, h.tier));
    }

    // --- the Council's own action: its parameters

    /// @inheritdoc IActionTarget
    function checkAction(ActionKind kind, bytes calldata action) external view returns (uint8 tier) {
        if (kind != ActionKind.SetParameters) revert UnknownAction(kind); // R-Council-20
        _checkParameters(abi.decode(action, (Parameters)), _bounds);
        return 4;
    }

    /// @inheritdoc IActionTarget
    function executeAction(ActionKind kind, bytes calldata action, ActionContext calldata context)
        external
        onlyCouncil
    {
        if (kind != ActionKind.SetParameters) revert UnknownAction(kind); // R-Council-20
        Parameters memory next = abi.decode(action, (Parameters));
        _checkParameters(next, _bounds);
        _setParameters(next, context.proposalId);
    }

    // --- reads

    /// @inheritdoc ICouncil
    function parameters() external view returns (uint32 version, Parameters memory current) {
        version = _version;
        current = _sets[version];
    }

    /// @inheritdoc ICouncil
    function parametersAt(uint32 version) external view returns (Parameters memory) {
        return _sets[version];
    }

    /// @inheritdoc ICouncil
    function bounds() external view returns (Bounds memory) {
        return _bounds;
    }

    /// @inheritdoc ICouncil
    function ballotDigest(
        uint256 proposalId,
        uint8 support,
        address voter,
        uint8 round,
        uint8 count,
        string calldata reason
    ) public view returns (bytes32) {
        return _typedDigest(
            keccak256(abi.encode(BALLOT_TYPEHASH, proposalId, support, voter, round, count, keccak256(bytes(reason))))
        );
    }

    /// @inheritdoc ICouncil
    function state(uint256 proposalId) external view returns (ProposalState) {
        return _state(proposalId, _head(proposalId));
    }

    /// @inheritdoc ICouncil
    function quorumState(uint256 proposalId) external view returns (QuorumState memory q) {
        ProposalHead memory h = _head(proposalId);
        TierRule memory rule = _rule(h);
        uint256 word = _ballots(proposalId, h.round);
        uint64 live = SEATS.liveMask();
        uint256 masks = SEATS.chamberMasks(h.rosterVersion);
        uint64 yes = Ballots.chosen(word, 2) & live;

        q.state = _state(proposalId, h);
        q.tier = h.tier;
        q.round = h.round;
        q.passing = Tally.passes(rule, masks, yes);
        q.closesAt = h.closesAt;
        q.eta = _eta(h, rule);
        q.expiresAt = q.eta + _sets[h.parametersVersion].grace;

        uint256 sizes = Tally.countLanes(masks);
        uint256 yeses = Tally.countLanes(masks & Tally.spread(yes));
        uint256 noes = Tally.countLanes(masks & Tally.spread(Ballots.chosen(word, 1) & live));
        uint256 abstentions = Tally.countLanes(masks & Tally.spread(Ballots.chosen(word, 3) & live));
        uint256 chambers;
        while (chambers < Tally.CHAMBERS && Tally.lane(sizes, chambers) != 0) ++chambers;
        q.chambersRequired = uint8(Tally.required(rule, chambers));
        q.chambers = new ChamberTally[](chambers);
        for (uint256 c; c < chambers; ++c) {
            ChamberTally memory tally = q.chambers[c];
            tally.size = uint8(Tally.lane(sizes, c));
            tally.yes = uint8(Tally.lane(yeses, c));
            tally.no = uint8(Tally.lane(noes, c));
            tally.abstain = uint8(Tally.lane(abstentions, c));
            tally.needed = uint8(Tally.needed(tally.size, rule.chamberNum, rule.chamberDen, rule.chamberStrict));
            tally.agrees = tally.yes >= tally.needed;
            if (tally.agrees) ++q.chambersAgreeing;
            q.size += tally.size;
            q.yes += tally.yes;
        }
        q.needed = uint8(Tally.needed(q.size, rule.overallNum, rule.overallDen, rule.overallStrict));
    }

    /// @inheritdoc ICouncil
    function getProposal(uint256 proposalId) external view returns (Proposal memory) {
        ProposalHead memory h = _head(proposalId);
        Record storage record = _proposals[proposalId];
        uint256[2] memory ballots = [_ballots(proposalId, 1), h.round == 2 ? _ballots(proposalId, 2) : 0];
        return Proposal({
            eligible: h.eligible,
            createdAt: h.createdAt,
            closesAt: h.closesAt,
            parametersVersion: h.parametersVersion,
            rosterVersion: h.rosterVersion,
            kind: h.kind,
            tier: h.tier,
            round: h.round,
            proposerSeat: h.proposerSeat,
            flags: h.flags,
            proposer: record.proposer,
            nonce: record.nonce,
            ballots: ballots
        });
    }

    /// @inheritdoc ICouncil
    function computeProposalId(address proposer, uint64 nonce, ActionKind kind, bytes calldata action)
        public
        view
        returns (uint256)
    {
        bytes32 actionHash = keccak256(abi.encode(uint8(kind), keccak256(action)));
        return uint256(
            keccak256(abi.encode("custodes/proposal/v1", block.chainid, address(this), proposer, nonce, actionHash))
        );
    }

    /// @inheritdoc ICouncil
    function hasVoted(uint256 proposalId, address account) external view returns (bool) {
        (uint8 seat, ISeats.Standing standing) = SEATS.seatOf(account);
        if (standing == ISeats.Standing.None) return false;
        (uint8 choice,,) = ballotOf(proposalId, seat);
        return choice != 0;
    }

    /// @inheritdoc ICouncil
    function ballotOf(uint256 proposalId, uint8 seat) public view returns (uint8 choice, uint8 round, uint8 count) {
        round = _proposals[proposalId].head.round;
        if (round == 0 || seat >= 64) return (0, round, 0);
        uint256 word = _ballots(proposalId, round);
        return (Ballots.choiceOf(word, seat), round, Ballots.countOf(word, seat));
    }

    /// @inheritdoc ICouncil
    function proposalSnapshot(uint256 proposalId) external view returns (uint256) {
        return _proposals[proposalId].head.createdAt;
    }

    /// @inheritdoc ICouncil
    function proposalDeadline(uint256 proposalId) external view returns (uint256) {
        return _proposals[proposalId].head.closesAt;
    }

    /// @inheritdoc ICouncil
    function proposalEta(uint256 proposalId) external view returns (uint256) {
        ProposalHead memory h = _proposals[proposalId].head;
        return h.createdAt == 0 ? 0 : _eta(h, _rule(h));
    }

    /// @inheritdoc ICouncil
    function clock() external view returns (uint48) {
        return uint48(block.timestamp);
    }

    /// @inheritdoc ICouncil
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() external pure returns (string memory) {
        return "mode=timestamp";
    }

    // --- ballots

    /// @dev Whether that voter may cast that ballot now; its seat and the round's word.
    function _admit(uint256 proposalId, address voter, uint8 support)
        private
        view
        returns (ProposalHead memory h, uint8 seat, uint256 word)
    {
        seat = _requireLive(voter);
        h = _head(proposalId);
        // Not _state: an urgent proposal that passes already still takes ballots, and nothing has to be counted here.
        if (block.timestamp > h.closesAt || h.flags & (FLAG_EXECUTED | FLAG_CANCELED) != 0) {
            revert UnexpectedState(proposalId, _state(proposalId, h), ProposalState.Active); // R-Council-05
        }
        _requireEligible(proposalId, h, seat);
        if (support > uint8(Support.Abstain)) revert BadSupport(support); // R-Council-08
        word = _ballots(proposalId, h.round);
        if (Ballots.countOf(word, seat) == Ballots.MAX_COUNT) revert TooManyBallots(proposalId, seat); // R-Council-06
    }

    function _record(uint256 proposalId, uint8 round, uint8 seat, uint8 support, uint256 word) private {
        word = Ballots.cast(word, seat, support + 1);
        _proposals[proposalId].ballots[round - 1] = Ballots.flip(word);
        emit BallotCast(proposalId, seat, support, round, Ballots.countOf(word, seat));
    }

    function _ballots(uint256 proposalId, uint8 round) private view returns (uint256) {
        return Ballots.flip(_proposals[proposalId].ballots[round - 1]);
    }

    // --- judging

    function _state(uint256 proposalId, ProposalHead memory h) private view returns (ProposalState) {
        if (h.flags & FLAG_EXECUTED != 0) return ProposalState.Executed;
        if (h.flags & FLAG_CANCELED != 0) return ProposalState.Canceled;
        bool urgent = Tiers.isUrgent(ActionKind(h.kind));
        bool open = block.timestamp <= h.closesAt;
        if (open && !urgent) return ProposalState.Active;

        TierRule memory rule = _rule(h);
        uint64 yes = Ballots.chosen(_ballots(proposalId, h.round), 2) & SEATS.liveMask();
        if (!Tally.passes(rule, SEATS.chamberMasks(h.rosterVersion), yes)) {
            return open ? ProposalState.Active : ProposalState.Defeated;
        }
        uint256 eta = _eta(h, rule);
        if (block.timestamp > eta + _sets[h.parametersVersion].grace) return ProposalState.Expired;
        return urgent || block.timestamp >= eta ? ProposalState.Succeeded : ProposalState.Queued;
    }

    function _eta(ProposalHead memory h, TierRule memory rule) private view returns (uint40) {
        uint40 delay = rule.timelock;
        if (h.kind == uint8(ActionKind.AmendTighter) && h.round == 1) {
            uint40 window = _sets[h.parametersVersion].objectionWindow;
            if (window > delay) delay = window;
        }
        return h.closesAt + delay;
    }

    function _rule(ProposalHead memory h) private view returns (TierRule memory) {
        return _sets[h.parametersVersion].tiers[h.tier - 1];
    }

    /// @dev What the action needs now, never less than its kind's floor. Reverts if it cannot be carried out now.
    function _tierNow(ActionKind kind, bytes calldata action) private view returns (uint8 tier) {
        tier = IActionTarget(_target(kind)).checkAction(kind, action);
        uint8 lowest = Tiers.floorOf(kind);
        if (tier < lowest) tier = lowest;
    }

    function _target(ActionKind kind) private view returns (address) {
        if (
            kind == ActionKind.AddConstraint || kind == ActionKind.TightenParameter || kind == ActionKind.AmendTighter
                || kind == ActionKind.LoosenParameter || kind == ActionKind.AmendLooser
                || kind == ActionKind.RetireConstraint
        ) return address(CONSTRAINTS);
        if (
            kind == ActionKind.RegisterModel || kind == ActionKind.GrantRelease || kind == ActionKind.RenewRelease
                || kind == ActionKind.RevokeRelease
        ) return address(RELEASES);
        if (kind == ActionKind.ConfirmStop || kind == ActionKind.Resume) return address(BRAKE);
        if (kind == ActionKind.SuspendSeat || kind == ActionKind.ChangeSeats) return address(SEATS);
        if (kind == ActionKind.FormCommittee) return address(COMMITTEE);
        if (kind == ActionKind.SetParameters) return address(this);
        revert UnknownAction(kind); // R-Council-20
    }

    // --- requirements

    function _head(uint256 proposalId) private view returns (ProposalHead memory h) {
        h = _proposals[proposalId].head;
        if (h.createdAt == 0) revert UnknownProposal(proposalId); // R-Council-17
    }

    function _requireLive(address account) private view returns (uint8 seat) {
        ISeats.Standing standing;
        (seat, standing) = SEATS.seatOf(account);
        if (standing != ISeats.Standing.Live) revert NotLiveSeat(account); // R-Council-01
    }

    function _requireEligible(uint256 proposalId, ProposalHead memory h, uint8 seat) private pure {
        if (h.eligible >> seat & 1 == 0) revert NotEligible(proposalId, seat); // R-Council-04
    }

    function _requireWired(address where, bytes32 wiring) private view {
        bytes32 actual;
        if (where.code.length != 0) actual = keccak256(abi.encode(IActionTarget(where).system()));
        if (actual != wiring) revert ActivationMismatch(where, actual, wiring); // R-Council-16
    }

    /// @dev A proposal is open until it is executed, cancelled, defeated or expired; nobody has to close it. A slot
    /// whose proposal is no longer open is taken over.
    function _takeSlot(uint8 seat, uint8 tier, uint32 version, uint256 proposalId) private {
        uint256 open;
        uint256 index;
        uint256 free = type(uint256).max;
        for (uint256 other; (other = _slots[seat][index]) != 0; ++index) {
            ProposalState current = _state(other, _proposals[other].head);
            if (
                current == ProposalState.Active || current == ProposalState.Queued || current == ProposalState.Succeeded
            ) ++open;
            else free = index;
        }
        uint8 allowed = _sets[version].openProposals;
        if (tier == 1) ++allowed; // what is meant to stop something must not wait for what is meant to start something
        if (open >= allowed) revert TooManyOpenProposals(seat, allowed); // R-Council-02
        _slots[seat][free < index ? free : index] = proposalId;
    }

    // --- parameters

    function _checkParameters(Parameters memory p, Bounds memory limits) private view {
        Tiers.checkBounds(p, limits);
        (uint32 rosterVersion,) = SEATS.roster();
        Tiers.checkSound(p, SEATS.chamberMasks(rosterVersion), SEATS.liveMask());
    }

    function _setParameters(Parameters memory p, uint256 proposalId) private {
        uint32 version = ++_version;
        _sets[version] = p;
        emit ParametersSet(version, proposalId, p);
    }

    function _emitCreated(
        uint256 proposalId,
        ActionKind kind,
        bytes calldata action,
        string calldata description,
        ProposalHead memory h
    ) private {
        address[] memory targets = new address[](1);
        targets[0] = _target(kind);
        bytes[] memory calldatas = new bytes[](1);
        calldatas[0] = action;
        emit ProposalCreated(
            proposalId,
            msg.sender,
            targets,
            new uint256[](1),
            new string[](1),
            calldatas,
            h.createdAt,
            h.closesAt,
            description
        );
    }
}
