// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CouncilStore} from "./council/CouncilStore.sol";
import {CouncilViews} from "./council/CouncilViews.sol";
import {ParameterBook} from "./council/ParameterBook.sol";
import {Voting} from "./council/Voting.sol";
import {IActionTarget} from "./interfaces/IActionTarget.sol";
import {ICouncil} from "./interfaces/ICouncil.sol";
import {ISeats} from "./interfaces/ISeats.sol";
import {ActionTarget} from "./libraries/ActionTarget.sol";
import {Ballots} from "./libraries/Ballots.sol";
import {Head, HeadLibrary} from "./libraries/Head.sol";
import {Tally} from "./libraries/Tally.sol";
import {Tiers} from "./libraries/Tiers.sol";
import {ActionKind} from "./types/Actions.sol";
import {Bounds, Parameters, TierRule} from "./types/Parameters.sol";
import {FLAG_CANCELED, FLAG_EXECUTED, FLAG_VETOED, ProposalState} from "./types/Proposals.sol";
import {ActionContext, System} from "./types/System.sol";

/// @title The Council
/// @notice Every change of the system is a typed action that a proposal carries and the seats vote for.
/// @dev The kernel knows thresholds and time, not meanings: each kind of action has one target contract, which says what
/// tier the action needs and carries it out. Seats and parameters are frozen at creation, so the denominator is frozen;
/// the numerator is live: the yes of a seat that is gone does not count when the proposal is judged.
contract Council is ParameterBook, Voting, CouncilViews {
    bytes32 public immutable charterHash;
    bytes32 public immutable legalTextHash;

    constructor(
        System memory sys,
        bytes32 legalTextHash_,
        bytes32 charterHash_,
        Parameters memory initial,
        Bounds memory bounds_
    ) ActionTarget(sys) ParameterBook(initial, bounds_) {
        charterHash = charterHash_;
        legalTextHash = legalTextHash_;
    }

    /// @inheritdoc ICouncil
    /// @dev Silent when it has been done, so that nobody makes another's deployment fail by being first.
    function activate() external {
        if (active) return;
        address[6] memory parts = [
            address(SEATS), address(this), address(CONSTRAINTS), address(RELEASES), address(BRAKE), address(COMMITTEE)
        ];
        bytes32 wiring = keccak256(abi.encode(parts));
        for (uint256 i; i < 6; ++i) {
            bytes32 actual;
            if (parts[i].code.length != 0) actual = keccak256(abi.encode(IActionTarget(parts[i]).system()));
            if (actual != wiring) revert ActivationMismatch(parts[i], actual, wiring); // R-Council-16
        }
        bytes32 charter =
            keccak256(abi.encode("custodes/charter/v1", legalTextHash, SEATS.genesisHash(), parametersHash));
        if (charter != charterHash) revert ActivationMismatch(address(this), charter, charterHash); // R-Council-16

        active = true;
        emit Activated(charter);
        CONSTRAINTS.begin(charter); // R-Council-16, R-Constraints-10
    }

    /// @inheritdoc ICouncil
    function propose(ActionKind kind, bytes calldata action, string calldata description)
        external
        returns (uint256 proposalId)
    {
        if (!active) revert NotActive(); // R-Council-16
        // R-Council-30: stops outlive the system.
        if (successor != address(0) && !Tiers.isUrgent(kind)) revert HasSuccessor(successor);
        uint8 seat = _requireLive(msg.sender);
        uint8 tier = _tierNow(kind, action);
        uint64 nonce = proposalNonce[msg.sender]++;
        proposalId = computeProposalId(msg.sender, nonce, kind, action);
        _takeSlot(seat, tier, proposalId);

        (uint32 rosterVersion, uint64 eligible) = SEATS.roster();
        TierRule memory rule = sets[currentVersion].tiers[tier - 1];
        Head h =
            HeadLibrary.open(eligible, block.timestamp + rule.period, currentVersion, rosterVersion, kind, tier, seat);
        if (Tiers.isExtendable(kind)) h = h.withLateWindow(sets[currentVersion].lateWindow);
        Record storage record = proposals[proposalId];
        record.head = h;
        record.proposer = msg.sender;
        record.nonce = nonce;
        record.ballots[0] = Ballots.flip(0);

        emit ActionProposed(
            proposalId, kind, seat, tier, nonce, h.parametersVersion(), rosterVersion, h.closesAt(), _eta(h, rule)
        );
        _emitCreated(proposalId, kind, action, description, h);
    }

    /// @inheritdoc ICouncil
    function object(uint256 proposalId, bytes32 counterexampleHash, string calldata statement) external {
        uint8 seat = _requireLive(msg.sender);
        Head h = _head(proposalId);
        _requireEligible(proposalId, h, seat);
        if (h.kind() != ActionKind.AmendTighter || h.round() != 1) {
            revert NotObjectable(proposalId, h.kind(), h.round()); // R-Council-11
        }
        ProposalState current = _state(proposalId, h);
        if (!_isOpen(current)) revert UnexpectedState(proposalId, current, ProposalState.Queued); // R-Council-05

        // R-Council-12. Once: a second round, with a full period of tier 3 and empty ballots. The parameters stay those of the creation.
        TierRule memory rule = sets[h.parametersVersion()].tiers[2];
        h = h.escalate(block.timestamp + rule.period);
        proposals[proposalId].head = h;
        proposals[proposalId].ballots[1] = Ballots.flip(0);
        emit Objected(proposalId, seat, counterexampleHash, statement, h.closesAt(), _eta(h, rule));
    }

    /// @inheritdoc ICouncil
    function cancel(uint256 proposalId) external {
        Head h = _head(proposalId);
        ProposalState current = _state(proposalId, h);
        if (current != ProposalState.Active) {
            revert UnexpectedState(proposalId, current, ProposalState.Active); // R-Council-05
        }
        // By the seat, not by the key that proposed: a key that was rotated away withdraws nothing.
        (uint8 seat, ISeats.Standing standing) = SEATS.act(msg.sender);
        uint64 voted = Ballots.voted(_ballots(proposalId, 1)) | Ballots.voted(_ballots(proposalId, h.round()));
        bool others = voted & ~(uint64(1) << h.proposerSeat()) != 0;
        if (standing != ISeats.Standing.Live || seat != h.proposerSeat() || others) {
            revert NotCancellable(proposalId, msg.sender); // R-Council-13
        }
        proposals[proposalId].head = h.withFlag(FLAG_CANCELED);
        emit ProposalCanceled(proposalId);
    }

    /// @inheritdoc ICouncil
    function veto(uint256 proposalId, string calldata reason) external {
        uint8 seat = _requireLive(msg.sender);
        Head h = _head(proposalId);
        _requireEligible(proposalId, h, seat);
        if (!Tiers.isVetoable(h.kind(), h.tier())) revert NotVetoable(proposalId, h.kind(), h.tier()); // R-Council-25
        ProposalState current = _state(proposalId, h);
        if (current != ProposalState.Active && current != ProposalState.Queued) {
            revert UnexpectedState(proposalId, current, ProposalState.Queued); // R-Council-05
        }
        Record storage record = proposals[proposalId];
        uint64 vetoes = record.vetoes | uint64(1) << seat;
        if (vetoes == record.vetoes) revert AlreadyVetoed(proposalId, seat); // R-Council-26
        record.vetoes = vetoes;

        // R-Council-26: more than half of the seats that its chamber had at creation. A seat that is gone vetoes nothing.
        (uint8 chamber, uint64 members) = Tally.chamberOf(SEATS.chamberMasks(h.rosterVersion()), seat);
        uint256 agreeing = Tally.countSeats(vetoes & members & SEATS.liveMask());
        uint256 needed = Tally.countSeats(members) / 2 + 1;
        emit VetoCast(proposalId, seat, chamber, uint8(agreeing), uint8(needed), reason);
        if (agreeing < needed) return;
        record.head = h.withFlag(FLAG_CANCELED | FLAG_VETOED);
        emit ProposalVetoed(proposalId, chamber);
        emit ProposalCanceled(proposalId);
    }

    /// @inheritdoc ICouncil
    function execute(uint256 proposalId, ActionKind kind, bytes calldata action) external {
        Head h = _head(proposalId);
        ProposalState current = _state(proposalId, h);
        if (current != ProposalState.Succeeded) {
            revert UnexpectedState(proposalId, current, ProposalState.Succeeded); // R-Council-05
        }
        Record storage record = proposals[proposalId];
        uint256 computed = computeProposalId(record.proposer, record.nonce, kind, action);
        if (computed != proposalId) revert ActionMismatch(proposalId, computed); // R-Council-03
        uint8 tier = _tierNow(kind, action);
        if (h.tier() < tier) revert TierTooLow(proposalId, h.tier(), tier); // R-Council-18

        record.head = h.withFlag(FLAG_EXECUTED); // before the call
        emit ActionExecuted(proposalId, kind, h.tier(), msg.sender);
        emit ProposalExecuted(proposalId);
        IActionTarget(_target(kind)).executeAction(kind, action, ActionContext(proposalId, h.tier()));
    }

    /// @inheritdoc ICouncil
    function close(address successor_) external {
        if (msg.sender != address(BRAKE)) revert OnlyBrake(msg.sender); // R-Council-30
        successor = successor_;
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

    /// @dev What the action needs now, never less than its kind's floor. Reverts if it cannot be carried out now.
    function _tierNow(ActionKind kind, bytes calldata action) private view returns (uint8 tier) {
        tier = IActionTarget(_target(kind)).checkAction(kind, action);
        uint8 lowest = Tiers.floorOf(kind);
        if (tier < lowest) tier = lowest;
    }

    /// @dev The one contract that decodes, judges and carries out actions of that kind.
    function _target(ActionKind kind) private view returns (address) {
        if (kind == ActionKind.None) revert UnknownAction(kind); // R-Council-20
        if (kind <= ActionKind.AmendTighter) return address(CONSTRAINTS);
        if (kind == ActionKind.RevokeRelease) return address(RELEASES);
        if (kind == ActionKind.ConfirmStop) return address(BRAKE);
        if (kind == ActionKind.SuspendSeat) return address(SEATS);
        if (kind <= ActionKind.RenewRelease) return address(RELEASES);
        if (kind <= ActionKind.RetireConstraint) return address(CONSTRAINTS);
        if (kind == ActionKind.Resume) return address(BRAKE);
        if (kind == ActionKind.ChangeSeats) return address(SEATS);
        if (kind == ActionKind.FormCommittee) return address(COMMITTEE);
        if (kind == ActionKind.NameSuccessor) return address(BRAKE);
        if (kind == ActionKind.SetParameters) return address(this);
        return address(SEATS); // Reclassify, ReplaceSeat
    }

    /// @dev A slot is free again when its proposal is executed, cancelled, defeated or expired; nobody has to close it.
    function _takeSlot(uint8 seat, uint8 tier, uint256 proposalId) private {
        mapping(uint256 => uint256) storage mine = slots[seat];
        uint256 open;
        uint256 index;
        uint256 free = type(uint256).max;
        for (uint256 other; (other = mine[index]) != 0; ++index) {
            if (_isOpen(_state(other, proposals[other].head))) ++open;
            else free = index;
        }
        uint8 allowed = sets[currentVersion].openProposals;
        if (tier == 1) ++allowed; // a stop must not wait for the end of what it is to stop
        if (open >= allowed) revert TooManyOpenProposals(seat, allowed); // R-Council-02
        mine[free < index ? free : index] = proposalId;
    }

    function _isOpen(ProposalState current) private pure returns (bool) {
        return current == ProposalState.Active || current == ProposalState.Queued || current == ProposalState.Succeeded;
    }

    /// @dev OpenZeppelin's event; the action's own bytes stand where the call's would.
    function _emitCreated(
        uint256 proposalId,
        ActionKind kind,
        bytes calldata action,
        string calldata description,
        Head h
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
            h.createdAt(),
            h.closesAt(),
            description
        );
    }
}
