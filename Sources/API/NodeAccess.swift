import Chain
import Codec
import Cryptography
import Ledger
import StateTree

/// What the API may see and do of a node: readers of what is final, and one way in, `submit`.
///
/// The node fills it when it is built; a test fills it with a chain in memory. Every closure may be
/// called from many tasks at once, answers from immutable snapshots, and takes nothing that
/// consensus waits for.
public struct NodeAccess: Sendable {
    /// What genesis fixed.
    public let chain: ChainDescription
    /// Where the node stands now.
    public let status: @Sendable () async -> NodeStatus
    /// The state after the last finalized block.
    public let state: @Sendable () async -> any StateReader & Sendable
    /// A finalized block, or nil if there is none at the height or it is no longer kept.
    public let block: @Sendable (Height) async -> FinalizedBlock?
    /// A finalized block without its body: lists would read a megabyte for each line otherwise.
    public let blockHead: @Sendable (Height) async -> BlockHead?
    /// The height of the finalized block of this hash.
    public let heightOfBlock: @Sendable (Digest) async -> Height?
    /// Where a finalized transaction is.
    public let transactionPlace: @Sendable (Digest) async -> TransactionPlace?
    /// The lowest height whose block is kept.
    public let oldestHeight: @Sendable () async -> Height
    /// Checks transactions, signatures included, and hands them to the mempool. One answer for
    /// each, in order.
    public let submit: @Sendable ([SignedTransaction]) async -> [Admission]
    /// Executes a transaction over the last finalized state and throws the result away. Signatures
    /// are not checked.
    public let simulate: @Sendable (SignedTransaction) async -> SimulationAnswer
    /// A transaction that waits in the mempool.
    public let pending: @Sendable (Digest) async -> SignedTransaction?
    /// The next free sequence of an account's lane, this node's mempool counted; nil if nothing of
    /// the account waits there.
    public let nextSequence: @Sendable (Address, UInt16) async -> UInt64?
    /// The peers that are connected now.
    public let peers: @Sendable () async -> [PeerDescription]
    /// What `/metrics` shows besides the API's own.
    public let metrics: @Sendable () async -> [MetricFamily]
    /// Which versions of the rules the node can follow.
    public var software = SoftwareVersions()

    public init(
        chain: ChainDescription,
        status: @escaping @Sendable () async -> NodeStatus,
        state: @escaping @Sendable () async -> any StateReader & Sendable,
        block: @escaping @Sendable (Height) async -> FinalizedBlock?,
        blockHead: @escaping @Sendable (Height) async -> BlockHead?,
        heightOfBlock: @escaping @Sendable (Digest) async -> Height?,
        transactionPlace: @escaping @Sendable (Digest) async -> TransactionPlace?,
        oldestHeight: @escaping @Sendable () async -> Height,
        submit: @escaping @Sendable ([SignedTransaction]) async -> [Admission],
        simulate: @escaping @Sendable (SignedTransaction) async -> SimulationAnswer,
        pending: @escaping @Sendable (Digest) async -> SignedTransaction?,
        nextSequence: @escaping @Sendable (Address, UInt16) async -> UInt64?,
        peers: @escaping @Sendable () async -> [PeerDescription],
        metrics: @escaping @Sendable () async -> [MetricFamily]
    ) {
        self.chain = chain
        self.status = status
        self.state = state
        self.block = block
        self.blockHead = blockHead
        self.heightOfBlock = heightOfBlock
        self.transactionPlace = transactionPlace
        self.oldestHeight = oldestHeight
        self.submit = submit
        self.simulate = simulate
        self.pending = pending
        self.nextSequence = nextSequence
        self.peers = peers
        self.metrics = metrics
    }
}

/// What genesis fixed, as far as clients ask for it.
public struct ChainDescription: Sendable {
    public let chainID: ChainID
    public let genesisHash: Digest
    /// `main`, `test` or `dev`.
    public let kind: String
    /// The human-readable part of addresses.
    public let addressPrefix: String
    public let symbol: String
    public let decimals: UInt8
    public let genesisTime: Timestamp
    /// How many validators genesis has: with one, a node without peers is well.
    public let validatorCount: Int

    public init(_ genesis: Genesis) {
        self.init(
            chainID: genesis.chainID, genesisHash: genesis.hash, kind: genesis.kind.name,
            addressPrefix: genesis.prefix, symbol: genesis.nativeAsset.symbol,
            decimals: genesis.nativeAsset.decimals, genesisTime: genesis.time,
            validatorCount: genesis.validators.count)
    }

    public init(
        chainID: ChainID, genesisHash: Digest, kind: String, addressPrefix: String, symbol: String,
        decimals: UInt8, genesisTime: Timestamp, validatorCount: Int
    ) {
        self.chainID = chainID
        self.genesisHash = genesisHash
        self.kind = kind
        self.addressPrefix = addressPrefix
        self.symbol = symbol
        self.decimals = decimals
        self.genesisTime = genesisTime
        self.validatorCount = validatorCount
    }
}

/// Where a node stands.
public struct NodeStatus: Sendable {
    /// The program's version.
    public var version: String
    /// The node's network identity, as peers name it.
    public var nodeID: String
    /// Whether recovery is over and the node takes part.
    public var isStarted: Bool
    /// Whether it fetches blocks that others have already.
    public var isSyncing: Bool
    /// The highest height that a verified certificate shows; at least `height`.
    public var networkHeight: Height
    public var height: Height
    public var hash: Digest
    public var timestamp: Timestamp
    /// The view that consensus is in.
    public var view: View
    public var epoch: Epoch
    public var finalizedView: View
    public var peerCount: Int
    /// Transactions and their bytes in the mempool.
    public var mempoolCount: Int
    public var mempoolByteCount: Int
    /// Whether the disk has less room than the node needs to go on.
    public var isDiskLow: Bool
    /// This node's seat, if it has one, and its consensus key, if it has one.
    public var validatorIndex: UInt16?
    public var validatorKey: PublicKey?
    /// Milliseconds since the time of the last final block.
    public var finalityAge: UInt64
    /// Whether it does not vote yet, but listens whether somebody else uses its key.
    public var isWatching: Bool
    /// Whether the chain follows rules that it does not know, so that it takes part in nothing.
    public var isOutdated: Bool
    /// Why it stopped by itself in an earlier run, as long as that stands.
    public var halt: HaltNotice?

    public init(
        version: String, nodeID: String, isStarted: Bool, isSyncing: Bool, networkHeight: Height,
        height: Height, hash: Digest, timestamp: Timestamp, view: View, epoch: Epoch,
        finalizedView: View, peerCount: Int, mempoolCount: Int, mempoolByteCount: Int,
        isDiskLow: Bool = false, validatorIndex: UInt16? = nil, validatorKey: PublicKey? = nil,
        finalityAge: UInt64 = 0, isWatching: Bool = false, isOutdated: Bool = false,
        halt: HaltNotice? = nil
    ) {
        self.version = version
        self.nodeID = nodeID
        self.isStarted = isStarted
        self.isSyncing = isSyncing
        self.networkHeight = networkHeight
        self.height = height
        self.hash = hash
        self.timestamp = timestamp
        self.view = view
        self.epoch = epoch
        self.finalizedView = finalizedView
        self.peerCount = peerCount
        self.mempoolCount = mempoolCount
        self.mempoolByteCount = mempoolByteCount
        self.isDiskLow = isDiskLow
        self.validatorIndex = validatorIndex
        self.finalityAge = finalityAge
        self.isWatching = isWatching
        self.isOutdated = isOutdated
        self.halt = halt
        self.validatorKey = validatorKey
    }
}

/// A finalized block with what came of it.
public struct FinalizedBlock: Sendable {
    public let block: Block
    /// One for each transaction, in order.
    public let receipts: [Receipt]
    /// What the block's own steps did, apart from its transactions.
    public let events: [Event]
    /// nil where only a later block carries one.
    public let finalization: Certificate?

    public init(
        block: Block, receipts: [Receipt], events: [Event], finalization: Certificate?
    ) {
        precondition(
            receipts.count == block.body.transactions.count, "each transaction has a receipt")
        self.block = block
        self.receipts = receipts
        self.events = events
        self.finalization = finalization
    }

    /// A block with its receipts as they are stored: the block's own, if it has one, stands last.
    public init(block: Block, storedReceipts: [Receipt], finalization: Certificate?) {
        let count = block.body.transactions.count
        self.init(
            block: block, receipts: Array(storedReceipts.prefix(count)),
            events: storedReceipts.dropFirst(count).first?.events ?? [],
            finalization: finalization)
    }

    public var height: Height { block.header.height }
}

/// A block's header and the number of its transactions.
public struct BlockHead: Sendable {
    public let header: Header
    public let transactionCount: Int

    public init(header: Header, transactionCount: Int) {
        self.header = header
        self.transactionCount = transactionCount
    }

    public init(_ block: Block) {
        self.init(header: block.header, transactionCount: block.body.transactions.count)
    }

    /// Reads the front of an encoded block: the body begins with its number of transactions.
    public init(frontOf encodedBlock: [UInt8]) throws(DecodeError) {
        var reader = ByteReader(encodedBlock.span.bytes)
        header = try Header(from: &reader)
        // Of the transactions, only the beginning may be there.
        transactionCount = try reader.readLength(
            limit: Limits.blockTransactionsMax, minimumElementSize: 0)
    }
}

/// Where a finalized transaction is.
public struct TransactionPlace: Sendable, Equatable {
    public let height: Height
    public let index: Int

    public init(height: Height, index: Int) {
        self.height = height
        self.index = index
    }
}

/// Why a transaction is not taken, failed, or was not executed, in words for people and a stable
/// code for programs.
public struct Refusal: Error, Sendable, Equatable {
    public let code: String
    public let message: String
    public let hint: String?
    /// Whether the same transaction may be taken later: the mempool is full, a sequence is missing.
    public let mayBeCuredByWaiting: Bool

    public init(code: String, message: String, hint: String?, mayBeCuredByWaiting: Bool) {
        self.code = code
        self.message = message
        self.hint = hint
        self.mayBeCuredByWaiting = mayBeCuredByWaiting
    }

    public init(_ rejection: Rejection) {
        self.init(
            code: rejection.code, message: rejection.message, hint: rejection.hint,
            mayBeCuredByWaiting: rejection.mayBeCuredByWaiting)
    }
}

/// The mempool's answer to one transaction.
public enum Admission: Sendable, Equatable {
    /// It waits in the mempool, now or since before.
    case accepted
    case refused(Refusal)
}

/// What executing a transaction now would yield.
public enum SimulationAnswer: Sendable, Equatable {
    /// It could not be in a block at all.
    case refused(Rejection)
    case executed(Simulation)
}

extension SimulationAnswer {
    /// Executes a transaction as the next block after `status` would.
    ///
    /// - Parameters:
    ///   - now: what the block's time would be.
    ///   - reader: the state after the block of `status`.
    public init(
        _ transaction: SignedTransaction, after status: NodeStatus, at now: Timestamp,
        over reader: some StateReader
    ) {
        let context = BlockContext(after: status, at: now, over: reader)
        do {
            self = .executed(try Ledger.simulate(transaction, context: context, over: reader))
        } catch {
            self = .refused(error)
        }
    }
}

extension BlockContext {
    /// That of the block that would come next.
    ///
    /// - Parameter now: what its time would be.
    init(after status: NodeStatus, at now: Timestamp, over reader: some StateReader) {
        self.init(
            height: status.height.advanced(by: 1), epoch: status.epoch, view: status.view,
            parentView: status.finalizedView, timestamp: max(now, status.timestamp),
            parentTimestamp: status.timestamp, proposer: 0,
            gasLimit: Queries.parameters(over: reader).blockGasLimit)
    }
}

/// A peer that is connected.
public struct PeerDescription: Sendable {
    public let nodeID: String
    public let address: String
    public let isInbound: Bool
    public let height: Height

    public init(nodeID: String, address: String, isInbound: Bool, height: Height) {
        self.nodeID = nodeID
        self.address = address
        self.isInbound = isInbound
        self.height = height
    }
}
