import Chain
import Consensus
import Cryptography
import Ledger
import Replica

/// The thread that makes votes durable: batches of appends share a sync, and each signature has one
/// of its own, in the order of the jobs.
struct VoteMachine: Sendable {
    enum Job: Sendable {
        case append([SafetyRecord], instance: Digest, sequence: UInt64)
        case sign(VoteIntent)
    }

    enum Phase: Sendable {
        case idle
        /// The row is written and being synced.
        case signing(VoteIntent, Vote)
        /// The log is written and being synced, up to these sequences.
        case syncing([(instance: Digest, sequence: UInt64)])
    }

    /// What came while a batch was at work.
    var waiting: [Job] = []
    /// What is left of the batch at work.
    var batch: [Job] = []
    var appended: [(instance: Digest, sequence: UInt64)] = []
    var phase = Phase.idle

    var isIdle: Bool {
        guard case .idle = phase else { return false }
        return batch.isEmpty
    }
}

/// The thread that writes blocks and states and reads them for peers: one job at a time.
struct BlockMachine: Sendable {
    enum Job: Sendable {
        case store(Block)
        case commit(Block, BlockExecution, certificate: Certificate?, mustSync: Bool)
        case replayed([Block])
        /// The boundary is committed: the next instance begins.
        case begin
        case serve(ServeRequest, to: PublicKey)
    }

    var waiting: [Job] = []
    var current: Job?
    /// When the rows were synced last, and the newest height that was not.
    var lastSync: UInt64 = 0
    var unsynced: Height?
}

/// The thread of the ledger: one job at a time.
struct ExecutorMachine: Sendable {
    enum Job: Sendable {
        case execute(ExecutionRequest, Block)
        case build(BuildJob)
        case commit([Header], Verified<Certificate>)
        case replay([Block], head: FinalizedHead)
        case committed(BlockSummary, DiskState)
        case begin(Instance)
    }

    var waiting: [Job] = []
    var current: Job?
}
