// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Constraints} from "../../src/Constraints.sol";
import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {
    ActionKind,
    AddConstraint,
    AmendConstraint,
    Direction,
    ParameterSetting,
    RetireConstraint,
    SetParameter
} from "../../src/types/Actions.sol";
import {ActionContext} from "../../src/types/System.sol";
import {Symbolic} from "./Symbolic.sol";

/// @dev One constraint with one limit stands; then the Council carries out one more action of any kind, with any content,
/// at any tier, at any time.
contract LedgerProofs is Symbolic {
    bytes32 private constant ID = keccak256("limit");
    bytes32 private constant KEY = "max_tokens";
    bytes private constant DOCUMENT = "{}";

    Constraints private constraints;
    address private caller; // zero for the Council itself

    function setUp() public {
        constraints = new Constraints(world(), keccak256("charter"), address(0));
    }

    /// @dev Invariant 9: below tier 3 no limit moves against its direction, no constraint ends, and no term gets shorter.
    function check_09_nothingLoosensBelowTierThree(
        bool isMax,
        int128 value,
        uint40 expiresAt,
        uint256 which,
        SetParameter memory change,
        uint40 newExpiry,
        uint8 tier
    ) external {
        stand(isMax, value, expiresAt);
        (bool done,) = act(which, change, newExpiry, ActionContext(2, tier));
        if (!done || tier >= 3) return;
        IConstraints.Constraint memory c = constraints.getConstraint(ID);
        int128 after_ = constraints.getParameter(ID, KEY).value;
        assert(isMax ? after_ <= value : after_ >= value);
        assert(c.status == IConstraints.Status.InForce);
        assert(c.expiresAt == 0 || expiresAt != 0 && c.expiresAt >= expiresAt);
    }

    /// @dev Invariants 14 and 15: an action appends one entry, whose head follows from the one before and from what it
    /// says; what stood before stands as it did; and a change of a constraint names the version that it found.
    function check_14_headIsTheFold(
        uint256 which,
        SetParameter memory change,
        uint40 newExpiry,
        uint256 proposalId,
        uint8 tier
    ) external {
        stand(true, 100, 0);
        bytes32 version = constraints.getConstraint(ID).version;
        bytes32 first = keccak256(abi.encode(constraints.entry(0)));
        bytes32 head = constraints.head();
        (bool done, ActionKind kind) = act(which, change, newExpiry, ActionContext(proposalId, tier));
        if (!done) return;

        assert(constraints.entryCount() == 2);
        assert(keccak256(abi.encode(constraints.entry(0))) == first);
        IConstraints.Entry memory e = constraints.entry(1);
        bytes32 folded = keccak256(
            abi.encode(head, uint64(1), e.kind, e.constraintId, e.documentHash, e.parent, e.tier, e.proposalId, e.time)
        );
        assert(e.head == folded && constraints.head() == folded);
        assert(e.kind == kind && e.tier == tier && e.proposalId == proposalId);
        assert(kind == ActionKind.AddConstraint ? e.parent == 0 : e.parent == version && e.constraintId == ID);
    }

    /// @dev Invariant 15: whoever is not the Council changes nothing, whatever he sends.
    function check_15_onlyTheCouncilWrites(address other, uint256 which, SetParameter memory change, uint8 tier)
        external
    {
        vm.assume(other != address(this) && other != address(0));
        stand(true, 100, 0);
        caller = other;
        bytes32 head = constraints.head();
        (bool done,) = act(which, change, 0, ActionContext(2, tier));
        assert(!done && constraints.head() == head && constraints.entryCount() == 1);
    }

    function stand(bool isMax, int128 value, uint40 expiresAt) private {
        ParameterSetting[] memory settings = new ParameterSetting[](1);
        settings[0] = ParameterSetting(KEY, isMax ? Direction.Max : Direction.Min, value);
        AddConstraint memory action = AddConstraint("limit", expiresAt, settings, DOCUMENT);
        constraints.executeAction(ActionKind.AddConstraint, abi.encode(action), ActionContext(1, 1));
    }

    /// @dev Kind by kind, since halmos needs to know how long the action is.
    function act(uint256 which, SetParameter memory change, uint40 expiresAt, ActionContext memory context)
        private
        returns (bool done, ActionKind kind)
    {
        vm.assume(which < 6);
        bytes memory action;
        if (which == 0) {
            kind = ActionKind.AddConstraint;
            action = abi.encode(AddConstraint("another", expiresAt, new ParameterSetting[](0), DOCUMENT));
        } else if (which == 1) {
            kind = ActionKind.TightenParameter;
            action = abi.encode(change);
        } else if (which == 2) {
            kind = ActionKind.LoosenParameter;
            action = abi.encode(change);
        } else if (which == 3) {
            kind = ActionKind.AmendTighter;
            action = abi.encode(AmendConstraint(change.constraintId, change.expectedParent, expiresAt, DOCUMENT));
        } else if (which == 4) {
            kind = ActionKind.AmendLooser;
            action = abi.encode(AmendConstraint(change.constraintId, change.expectedParent, expiresAt, DOCUMENT));
        } else {
            kind = ActionKind.RetireConstraint;
            action = abi.encode(RetireConstraint(change.constraintId, change.expectedParent));
        }
        if (caller != address(0)) vm.prank(caller);
        (done,) = address(constraints).call(abi.encodeCall(constraints.executeAction, (kind, action, context)));
    }
}
