// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../../src/interfaces/IBrake.sol";
import {IReleases} from "../../src/interfaces/IReleases.sol";
import {
    ActionKind,
    ConfirmStop,
    GrantRelease,
    IdentityRequest,
    Mode,
    RegisterModel,
    RenewRelease,
    Resume,
    RevokeRelease,
    WorkerGrant
} from "../../src/types/Actions.sol";
import {System} from "../../src/types/System.sol";
import {LedgerVoters} from "./LedgerVoters.t.sol";

/// @dev Random models, releases and stops. Beside the contracts it keeps the story as an outsider would tell it: what
/// was stopped, and how each stop ended, without generations.
contract ReleasesHandler is LedgerVoters {
    enum End {
        None, // it stands
        Resumed,
        Lapsed
    }

    struct Told {
        bytes32 releaseId;
        bytes32 lineage;
        address worker;
        uint40 expiresAt;
        bool revoked;
        uint256 step; // of its execution
    }

    struct ToldStop {
        bytes32 scope;
        End end;
        uint256 step; // of its end
        uint40 endedAt; // [Unix seconds]
    }

    bytes32 private constant KEY_HASH = keccak256("committee key");
    uint64 private constant NONCES = 6;
    uint256 private constant RESUME_DELAY = 3 hours; // period and timelock of tier 3 under the test's charter

    IReleases private immutable RELEASES;
    IBrake private immutable BRAKE;

    /// @dev Whether a release came or was prolonged at tier 2 while a stop covered it, or voted for before one lapsed.
    bool public releasedEasily;
    /// @dev Whether a stop was lifted by less than a vote of tier 3 that had waited out its delay.
    bool public resumedEasily;
    /// @dev What was reached.
    mapping(ActionKind kind => uint256) public executions;
    uint256 public lapses;
    bytes32[] private models;
    Told[] private told;
    ToldStop[] private stops;
    bytes32[] private scopes;
    uint256 private step;

    constructor(System memory sys, address[] memory keys) LedgerVoters(sys, keys, 6 hours) {
        RELEASES = IReleases(sys.releases);
        BRAKE = IBrake(sys.brake);
        scopes.push(0);
    }

    // --- proposals

    /// @dev Few nonces, so that registrations repeat.
    function register(uint256 seed, uint64 nonce, uint64 parent, bool derived) external {
        bytes32 parentModel = derived ? _modelId(parent) : bytes32(0);
        IdentityRequest[] memory identities = new IdentityRequest[](1);
        identities[0] = IdentityRequest(Mode.Plain, 0);
        bytes32 seal = keccak256(abi.encode(nonce % NONCES));
        _table(
            seed,
            ActionKind.RegisterModel,
            abi.encode(
                RegisterModel(
                    address(this), nonce % NONCES, parentModel, seal, seal, seal, KEY_HASH, identities, "model"
                )
            )
        );
    }

    function grant(uint256 seed, uint256 model, uint32 life, uint8 worker) public {
        WorkerGrant[] memory workers = new WorkerGrant[](1);
        workers[0] = WorkerGrant(address(uint160(0x1000) + worker % 4), 0, "org-0");
        uint40 expiresAt = uint40(nowAt() + bound(life, 1 days, 6 days));
        _table(
            seed,
            ActionKind.GrantRelease,
            abi.encode(GrantRelease(models[model % models.length], Mode.Plain, expiresAt, workers, "{}"))
        );
    }

    function grantAnother(uint256 seed, uint256 model, uint32 life, uint8 worker) external {
        grant(seed, model, life, worker);
    }

    function renew(uint256 seed, uint256 which, uint32 life) external {
        if (told.length == 0) return;
        uint40 expiresAt = uint40(nowAt() + bound(life, 1 days, 6 days));
        bytes32 releaseId = told[which % told.length].releaseId;
        _table(seed, ActionKind.RenewRelease, abi.encode(RenewRelease(releaseId, expiresAt)));
    }

    function revoke(uint256 seed, uint256 which) external {
        if (told.length == 0 || seed % 3 != 0) return;
        bytes32 releaseId = told[which % told.length].releaseId;
        _table(seed, ActionKind.RevokeRelease, abi.encode(RevokeRelease(releaseId, "misuse")));
    }

    function confirm(uint256 seed, uint64 stopId) external {
        if (stops.length == 0 || seed % 3 != 0) return;
        _table(seed, ActionKind.ConfirmStop, abi.encode(ConfirmStop(uint64(1 + stopId % stops.length))));
    }

    function resume(uint256 seed, uint64 stopId, bool two) public {
        if (stops.length == 0) return;
        uint64[] memory ids = new uint64[](two ? 2 : 1);
        ids[0] = uint64(1 + stopId % stops.length);
        if (two) ids[1] = uint64(1 + (seed >> 8) % stops.length);
        for (uint256 i; i < ids.length; ++i) {
            uint64 reportId = BRAKE.getStop(ids[i]).reportId;
            vm.prank(voters[0]);
            BRAKE.respond(reportId, "answer", "");
        }
        _table(seed, ActionKind.Resume, abi.encode(Resume(ids)));
    }

    function resumeAnother(uint256 seed, uint64 stopId) external {
        resume(seed, stopId, false);
    }

    // --- the brake

    function stop(uint256 which, uint8 first) external {
        bytes32 scope = scopes[which % scopes.length];
        for (uint256 i; i < 3; ++i) {
            vm.prank(voters[(first % 15 + 5 * i) % 15]);
            uint64 stopId = BRAKE.pull(scope, "report", 1, "");
            if (stopId == 0) continue;
            ++step;
            stops.push(ToldStop(scope, End.None, 0, 0));
        }
    }

    function lapse(uint256 which) external {
        if (stops.length == 0) return;
        which %= stops.length;
        BRAKE.lapse(uint64(which + 1));
        ++lapses;
        _end(which, End.Lapsed);
    }

    // --- execution

    function execute(uint256 which, uint32 time) external {
        wait(time);
        while (_executeOne(which)) {}
    }

    function _executeOne(uint256 which) private returns (bool) {
        (bool executed, Pending memory p, uint8 tier) = _execute(which);
        if (!executed) return false;
        ++step;
        ++executions[p.kind];
        if (p.kind == ActionKind.RegisterModel) _tellModel(abi.decode(p.action, (RegisterModel)));
        if (p.kind == ActionKind.GrantRelease) _tellGrant(p.proposalId, abi.decode(p.action, (GrantRelease)), tier);
        if (p.kind == ActionKind.RenewRelease) _tellRenewal(abi.decode(p.action, (RenewRelease)), tier);
        if (p.kind == ActionKind.RevokeRelease) {
            told[_find(abi.decode(p.action, (RevokeRelease)).releaseId)].revoked = true;
        }
        if (p.kind == ActionKind.Resume) {
            uint64[] memory ids = abi.decode(p.action, (Resume)).stopIds;
            if (tier < 3 || nowAt() < COUNCIL.getProposal(p.proposalId).createdAt + RESUME_DELAY) resumedEasily = true;
            for (uint256 i; i < ids.length; ++i) {
                _end(ids[i] - 1, End.Resumed);
            }
        }
        return true;
    }

    function _tellModel(RegisterModel memory model) private {
        models.push(_modelId(model.sealNonce));
        if (model.parentModel == 0) scopes.push(_modelId(model.sealNonce));
    }

    function _tellGrant(uint256 proposalId, GrantRelease memory grant_, uint8 tier) private {
        bytes32 lineage = RELEASES.getModel(grant_.modelId).lineage;
        uint40 createdAt = COUNCIL.getProposal(proposalId).createdAt;
        for (uint256 i; i < stops.length; ++i) {
            if (stops[i].scope != 0 && stops[i].scope != lineage || tier >= 3) continue;
            End end = stops[i].end;
            if (end == End.None || end == End.Lapsed && createdAt <= stops[i].endedAt) releasedEasily = true;
        }
        told.push(Told(bytes32(proposalId), lineage, grant_.workers[0].worker, grant_.expiresAt, false, step));
    }

    function _tellRenewal(RenewRelease memory renewal, uint8 tier) private {
        Told storage release = told[_find(renewal.releaseId)];
        release.expiresAt = renewal.expiresAt;
        for (uint256 i; i < stops.length; ++i) {
            bool covers = stops[i].scope == 0 || stops[i].scope == release.lineage;
            if (covers && stops[i].end == End.None && tier < 3) releasedEasily = true;
        }
    }

    // --- the story

    function registered() external view returns (uint256) {
        return models.length;
    }

    function toldCount() external view returns (uint256) {
        return told.length;
    }

    /// @dev Whether a stop that covered this release, while it was there, ended otherwise than by a vote, or not at all.
    function isBarred(uint256 i) external view returns (bool barred) {
        Told memory release = told[i];
        for (uint256 s; s < stops.length; ++s) {
            bool covers = stops[s].scope == 0 || stops[s].scope == release.lineage;
            bool endedBefore = stops[s].end != End.None && stops[s].step < release.step;
            if (covers && !endedBefore && stops[s].end != End.Resumed) barred = true;
        }
    }

    /// @dev What the story says of a release: every stop that covered it at some time was resumed by a vote.
    function tell(uint256 i) external view returns (bytes32 releaseId, address worker, bool releasable) {
        Told memory release = told[i];
        releasable = !release.revoked && nowAt() < release.expiresAt;
        for (uint256 s; s < stops.length; ++s) {
            if (stops[s].scope != 0 && stops[s].scope != release.lineage) continue;
            bool endedBefore = stops[s].end != End.None && stops[s].step < release.step;
            if (!endedBefore && stops[s].end != End.Resumed) releasable = false;
        }
        return (release.releaseId, release.worker, releasable);
    }

    function _end(uint256 which, End end) private {
        ++step;
        (stops[which].end, stops[which].step, stops[which].endedAt) = (end, step, uint40(nowAt()));
    }

    function _find(bytes32 releaseId) private view returns (uint256 i) {
        while (told[i].releaseId != releaseId) ++i;
    }

    function _modelId(uint64 nonce) private view returns (bytes32) {
        return RELEASES.computeModelId(address(this), nonce % NONCES);
    }
}
