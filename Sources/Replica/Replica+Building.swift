import Chain
import Consensus
import Cryptography

/// The block that this node builds as leader.
enum Builder: Sendable {
    /// Legal next: `waiting` (the engine asks for a block).
    case idle
    /// Until it is time, or there is something to include. Legal next: `building`, `idle`.
    case waiting(BuildRequest)
    /// The executor fills and executes the block. Legal next: `storing`, `idle`.
    case building(View)
    /// The block's bytes are on their way to the disk. Legal next: `idle`.
    case storing(View, Digest)

    mutating func start(_ request: BuildRequest) {
        self = .waiting(request)
    }

    /// Ends the work on a view's block; that on another view's goes on.
    mutating func finish(_ view: View) {
        switch self {
        case .idle: break
        case .waiting(let request) where request.view == view: self = .idle
        case .building(view), .storing(view, _): self = .idle
        case .waiting, .building, .storing: break
        }
    }

    func isStoring(_ hash: Digest) -> Bool {
        switch self {
        case .storing(_, hash): true
        case .idle, .waiting, .building, .storing: false
        }
    }
}

extension Replica {
    /// Starts the build as soon as its time has come (consensus.md 2.8), else sets the timer.
    mutating func continueBuild(at now: Moment, into effects: inout [ReplicaEffect]) {
        guard case .waiting(let request) = builder else { return }
        let advances = tree.advances(to: request.parent.hash, above: finalized.height)
        let height = request.parent.height.advanced(by: 1)
        let reported =
            request.mustBeEmpty ? [] : evidence(after: request.parent.hash, height: height)
        let hasWork =
            request.isNeverIdle || request.idleIntervalMilliseconds == 0 || !reported.isEmpty
            || (!request.mustBeEmpty
                && mempool.hasCandidates(after: advances, height: height, oldestView: .zero))
        let due =
            hasWork
            ? deadline(
                request, interval: request.blockIntervalMilliseconds, latest: request.notBefore,
                now: now)
            : deadline(
                request, interval: request.idleIntervalMilliseconds,
                latest: request.notBeforeIdle, now: now)
        guard due <= now.monotonic else {
            effects.append(.setTimer(.build, due))
            return
        }
        let candidates =
            request.mustBeEmpty
            ? []
            : mempool.candidates(
                after: advances, byteLimit: Replica.candidateBytesMax,
                gasLimit: gasLimit(after: request.parent.hash), height: height)
        builder = .building(request.view)
        effects.append(.cancelTimer(.build))
        effects.append(
            .build(
                BuildJob(
                    instance: request.instance, epoch: instance.epoch,
                    view: request.view, parentView: request.parentView, parent: request.parent,
                    timestamp: max(now.wall, request.parent.timestamp.advanced(by: 1)),
                    proposer: roster.own ?? 0, participation: participation(for: request),
                    evidence: reported,
                    candidates: candidates)))
    }

    /// The blocks besides its parent whose votes a block names.
    static var lateBlocksMax: Int { 16 }

    /// Every vote that is held for the parent and the blocks before it, across the epoch's first
    /// block; the ledger leaves out what was named before. It makes no block busy.
    private func participation(for request: BuildRequest) -> [Verified<Certificate>] {
        let limit = Replica.lateBlocksMax + 1
        let held = engine.participation(upTo: request.parentView, limit: limit)
        let above = request.parent.height.value - instance.base.height.value
        return held + lastVotes.prefix(limit - min(limit, Int(clamping: above)))
    }

    /// What the candidates for one block have together: six times what it holds, so that those
    /// which turn out to have no room do not leave it empty. By the least that transactions use,
    /// these are about all the gas of a block, so that who fills them without room for any must use
    /// most of a block's gas.
    static var candidateBytesMax: Int { 6 * (Limits.bodyBytesMax - 64) }

    /// The gas limit of a block on top of `parent`, as far as it is known here: that of the parent,
    /// which a decision may have changed since. The ledger knows it.
    private func gasLimit(after parent: Digest) -> UInt64 {
        tree[parent]?.block.header.gasLimit ?? finalizedGasLimit
    }

    /// The earlier of `parent's time + interval` by the wall clock and `latest` by the monotonic.
    private func deadline(
        _ request: BuildRequest, interval: UInt64, latest: Instant, now: Moment
    ) -> Instant {
        let target = request.parent.timestamp.advanced(by: interval)
        let wait = target.value > now.wall.value ? target.value - now.wall.value : 0
        return min(latest, now.monotonic.advanced(byMilliseconds: wait))
    }

    mutating func takeBuilt(
        _ block: Block, view: View, into effects: inout [ReplicaEffect]
    ) {
        guard case .building(view) = builder else { return }
        tree.insert(block, isExecuted: true)
        builder = .storing(view, block.hash)
        give(block, into: &effects)
    }
}
