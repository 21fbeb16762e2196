import Chain
import Cryptography

/// Everything that the engine can ask for. The shell performs effects strictly in order.
///
/// The engine itself holds back every send, signature and finalization until `durable` says that
/// the records they rest on survive a crash (2.15); so `persist` may be performed in the background
/// and several may share one sync.
public enum Effect: Sendable {
    /// Append these records; after their sync give `durable(sequence)`. Records have consecutive
    /// sequence numbers, and `sequence` is that of the last.
    case persist([SafetyRecord], sequence: UInt64)
    /// Ask the signer, which may refuse; answered by `signed` or `refused`.
    case sign(VoteIntent)
    case send(Message, to: Recipients)
    /// Send the own block to every validator: the vote, the block (its body is the replica's; none
    /// in a re-proposal) and the certificates that justify its parent.
    case propose(Verified<Vote>, header: Header?, justification: [Verified<Certificate>])
    /// Send a block's body to the next leader, which seems not to have it (2.10).
    case pushBlock(Digest, to: UInt16)

    case setTimer(TimerID, Instant)
    case cancelTimer(TimerID)

    /// Build a block, execute it, store it durably; answered by `built` or `buildDeclined`.
    case build(BuildRequest)
    /// A build that was asked for is not wanted any more.
    case cancelBuild(View)
    /// Store the body of a proposal durably; answered by `blockAvailable`.
    case storeBlock(Digest)
    /// Execute a block whose body the replica holds, and whose parent was executed or is committed;
    /// the time rule is not part of it. Answered by `executed`.
    case execute(ExecutionRequest)
    /// Answer with `timeReached` as soon as the wall clock plus the allowed drift has reached
    /// `timestamp`; a later request replaces an earlier one.
    case awaitTime(view: View, timestamp: Timestamp)
    /// Ask one validator; answered by `blockAvailable` or `blockUnavailable`. The engine asks the
    /// next by itself.
    case fetchBlock(Digest, from: UInt16)
    /// Ask one validator; answered by `certificate` inputs or by `certificateUnavailable`.
    case fetchCertificate(CertificateRequest, from: UInt16)
    /// The final chain is far ahead: get, execute and commit the blocks up to this one by range;
    /// answered by `synced` or `syncFailed`. No vote is cast meanwhile. A new request replaces an
    /// older one.
    case syncRange(to: FinalizedHead, from: UInt16)

    /// These blocks are final: ascending heights, each once per run of the process, executed; the
    /// certificate is of the last.
    case finalized([Header], Verified<Certificate>)
    case report(Report)
}

public enum Recipients: Hashable, Sendable {
    /// Every other validator of the set.
    case all
    case one(UInt16)
    case some([UInt16])
}

/// A vote before its signature.
public struct VoteIntent: Hashable, Sendable {
    public let instance: Digest
    public let epoch: Epoch
    public let view: View
    public let signer: UInt16
    public let statement: Statement

    public init(
        instance: Digest, epoch: Epoch, view: View, signer: UInt16, statement: Statement
    ) {
        self.instance = instance
        self.epoch = epoch
        self.view = view
        self.signer = signer
        self.statement = statement
    }
}

/// What the leader of a view wants built, and when.
///
/// The builder waits until the earlier of `parent.timestamp + blockInterval` by the wall clock and
/// `notBefore` by the monotonic clock. With nothing to include it waits in the same way for
/// `idleInterval` and `notBeforeIdle`, and builds as soon as it has something, unless
/// `isNeverIdle`. The block's time is max(wall clock, parent's time + 1 ms).
public struct BuildRequest: Hashable, Sendable {
    public let instance: Digest
    public let view: View
    public let parentView: View
    public let parent: BlockSummary
    public let blockIntervalMilliseconds: UInt64
    /// Zero means that idle blocks are paced like all others.
    public let idleIntervalMilliseconds: UInt64
    /// The moment of entering the view plus the block interval.
    public let notBefore: Instant
    /// The moment of entering the view plus the idle interval.
    public let notBeforeIdle: Instant
    /// The parent chain has transactions that are not final yet: they wait for this block.
    public let isNeverIdle: Bool
    /// Too many blocks are not final (2.1): build an empty one.
    public let mustBeEmpty: Bool
}

public struct ExecutionRequest: Hashable, Sendable {
    public let instance: Digest
    public let header: Header
    public let hash: Digest

    public init(instance: Digest, header: Header, hash: Digest) {
        self.instance = instance
        self.header = header
        self.hash = hash
    }
}

/// What an operator, a metric or the rest of the node should know.
public enum Report: Sendable {
    case entered(View, leader: UInt16)
    /// Two conflicting votes, durable in the log; for the next block (2.14).
    case evidence(Evidence)
    /// The leader of the view proposed what is not valid.
    case invalidProposal(View, leader: UInt16)
    /// This node's execution disagrees with a quorum (R6'): it votes no more. Exit code 70.
    case localDivergence(View, Digest)
    /// Two certificates that no honest quorum can have made (R10, I11, I12): everything stops.
    /// Exit code 70. The first one is nil where it is in the log alone, in a view of which the
    /// engine keeps little (I20).
    case safetyHalt(Verified<Certificate>?, Verified<Certificate>)
    /// The signer refused: the vote counts as not cast.
    case voteRefused(VoteKind, View)
    /// This node gives the view up: a nullify vote is cast.
    case gaveUp(View, leader: UInt16, GiveUp)
}

/// Why a view is given up (R7).
public enum GiveUp: Hashable, Sendable {
    /// Its time was over.
    case timedOut
    /// Its leader is silent or may not lead, and was not waited for (2.9).
    case skipped
    /// The leader gave the view up, proposed twice or what is invalid; or this node is the leader,
    /// and cannot propose what it built before a restart.
    case failed
}
