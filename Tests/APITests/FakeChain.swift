import Chain
import Codec
import Cryptography
import Ledger
import StateTree
import Synchronization

@testable import API

/// A person with a key that follows from a number.
struct Person: Hashable, Sendable {
    let number: UInt8
    let key: PublicKey

    init(_ number: UInt8) {
        self.number = number
        key = SigningKey(seed: [UInt8](repeating: number, count: 32)).publicKey
    }

    var address: Address { Address(key) }
    var text: String { address.text(prefix: "alth") }

    func sign(_ message: [UInt8]) -> Signature {
        SigningKey(seed: [UInt8](repeating: number, count: 32)).sign(message)
    }
}

/// A node without consensus, network or disk: transactions wait until a test makes a block of them.
final class FakeChain: Sendable {
    static let alice = Person(1)
    static let bob = Person(2)
    static let validator = Person(200)
    /// Has nothing and is known to nobody.
    static let nobody = Person(99)

    private struct Content {
        var state = MemoryState()
        var blocks: [FinalizedBlock] = []
        var mempool: [SignedTransaction] = []
        var oldestHeight = Height(1)
        var peerCount = 3
        var isStarted = true
        var finalityAge: UInt64 = 0
        var halt: HaltNotice?
        var isDiskLow = false
        var networkHeight = Height.genesis
    }

    let genesis: Genesis
    let feed = FinalityFeed()
    private let content: Mutex<Content>

    init() {
        genesis = FakeChain.makeGenesis()
        var content = Content()
        content.state.apply(Ledger.genesis(genesis).changes)
        self.content = Mutex(content)
    }

    private static func makeGenesis() -> Genesis {
        guard let chainID = ChainID("test-chain") else { preconditionFailure("a valid name") }
        let consensusKey = SigningKey(seed: [UInt8](repeating: 201, count: 32))
        let operatorKey = SigningKey(seed: [UInt8](repeating: validator.number, count: 32))
        let entry = GenesisEntry(
            chainID: chainID, operatorKey: operatorKey, consensusKey: consensusKey,
            networkKey: Person(202).key, endpoint: "127.0.0.1:26656", moniker: "first",
            commission: 500, selfBond: Amount(1_000_000_000))
        return Genesis(
            chainID: chainID, time: Timestamp(1_700_000_000_000), prefix: "alth",
            nativeAsset: Asset(symbol: "alt", decimals: 6), parameters: .development,
            accounts: [alice, bob, validator].map { person in
                GenesisAccount(
                    address: person.address,
                    balances: [AssetBalance(amount: Amount(1_000_000_000_000))])
            },
            treasury: [AssetBalance(amount: Amount(5_000_000))], validators: [entry])
    }

    // MARK: What tests do

    func transfer(
        from sender: Person = alice, to recipient: Address = bob.address, amount: UInt64 = 1_000,
        sequence: UInt64 = 0, validUntil: UInt64 = 1_000, memo: String = "",
        signer: Person? = nil
    ) -> SignedTransaction {
        signed(
            [.transfer(to: recipient, asset: .native, amount: Amount(amount))], from: sender,
            sequence: sequence, validUntil: validUntil, memo: memo, signer: signer)
    }

    func signed(
        _ actions: [Action], from sender: Person = alice, sequence: UInt64 = 0,
        validUntil: UInt64 = 1_000, memo: String = "", signer: Person? = nil
    ) -> SignedTransaction {
        let transaction = Transaction(
            chainID: genesis.chainID, sender: sender.address, sequence: sequence,
            validUntil: Height(validUntil), maxFee: Amount(10_000), gasLimit: 1_000_000,
            actions: actions, memo: Array(memo.utf8))
        let signer = signer ?? sender
        let message = transaction.signBytes(genesisHash: genesis.hash)
        return SignedTransaction(
            transaction: transaction,
            signatures: [TransactionSignature(key: signer.key, signature: signer.sign(message))])
    }

    /// Makes a final block of everything that waits, announced or not.
    @discardableResult
    func makeBlock(
        of more: [SignedTransaction] = [], afterSeconds seconds: UInt64 = 1,
        isAnnounced: Bool = true
    ) -> FinalizedBlock {
        let block = content.withLock { content in
            let block = FakeChain.nextBlock(
                content, genesis, content.mempool + more, afterSeconds: seconds)
            content.mempool = []
            content.blocks.append(block.block)
            content.state.apply(block.execution.changes)
            return block.block
        }
        if isAnnounced {
            feed.publish(block)
        }
        return block
    }

    private static func nextBlock(
        _ content: Content, _ genesis: Genesis, _ candidates: [SignedTransaction],
        afterSeconds seconds: UInt64
    ) -> (block: FinalizedBlock, execution: BlockExecution) {
        let parent = content.blocks.last?.block.header
        let height = Height(UInt64(content.blocks.count) + 1)
        let parentTime = parent?.timestamp ?? genesis.time
        let gasLimit = Queries.parameters(over: content.state).blockGasLimit
        let context = BlockContext(
            height: height, view: View(height.value), parentView: View(height.value - 1),
            timestamp: parentTime.advanced(by: 1_000 * seconds), parentTimestamp: parentTime,
            proposer: 0, gasLimit: gasLimit)
        let built = Ledger.build(
            candidates.map { Verified.restored($0) }, context: context, over: content.state,
            bytesMax: 1 << 20, shouldStop: { false })
        let body = BlockBody(transactions: built.included.map(\.value))
        let outcome = built.execution.outcome
        let header = Header(
            genesisHash: genesis.hash, epoch: .zero, height: height, view: context.view,
            parentView: context.parentView, parentHash: parent?.hash ?? genesis.hash,
            timestamp: context.timestamp, proposer: 0, transactionsRoot: body.transactionsRoot,
            stateRoot: outcome.stateRoot, receiptsRoot: outcome.receiptsRoot, setHash: .zero,
            nextSetHash: outcome.nextSetHash, evidenceRoot: body.evidenceRoot,
            participationRoot: body.participationRoot, gasUsed: outcome.gasUsed,
            gasLimit: gasLimit)
        let block = FinalizedBlock(
            block: Block(header: header, body: body), receipts: built.execution.receipts,
            events: built.execution.blockEvents, finalization: finalization(of: header))
        return (block, built.execution)
    }

    /// A certificate whose signature nobody checks here.
    private static func finalization(of header: Header) -> Certificate {
        var bitmap = SignerBitmap(count: 1)
        bitmap.insert(0)
        let candidate = Candidate(parentView: header.parentView, blockHash: header.hash)
        return Certificate(
            epoch: header.epoch, view: header.view, statement: .finalize(candidate),
            isPartial: false, bitmap: bitmap,
            signatures: [Signature([UInt8](repeating: 7, count: 64))])
    }

    func makeBlocks(_ count: Int) {
        for _ in 0..<count {
            makeBlock()
        }
    }

    func prune(below height: UInt64) {
        content.withLock { $0.oldestHeight = Height(height) }
    }

    func set(
        peers: Int? = nil, isStarted: Bool? = nil, isDiskLow: Bool? = nil,
        finalityAge: UInt64? = nil,
        networkHeight: UInt64? = nil, halt: HaltNotice? = nil
    ) {
        content.withLock { content in
            content.peerCount = peers ?? content.peerCount
            content.isStarted = isStarted ?? content.isStarted
            content.finalityAge = finalityAge ?? content.finalityAge
            content.halt = halt ?? content.halt
            content.isDiskLow = isDiskLow ?? content.isDiskLow
            content.networkHeight = networkHeight.map { Height($0) } ?? content.networkHeight
        }
    }

    var mempoolCount: Int { content.withLock { $0.mempool.count } }

    // MARK: What the API sees

    /// - Parameter validatorCount: as if genesis had so many.
    func access(validatorCount: Int = 4) -> NodeAccess {
        let description = ChainDescription(genesis)
        return NodeAccess(
            chain: ChainDescription(
                chainID: description.chainID, genesisHash: description.genesisHash,
                kind: description.kind, addressPrefix: description.addressPrefix,
                symbol: description.symbol, decimals: description.decimals,
                genesisTime: description.genesisTime, validatorCount: validatorCount),
            status: { [self] in status },
            state: { [self] in content.withLock { $0.state } },
            block: { [self] in block($0) },
            blockHead: { [self] in block($0).map { BlockHead($0.block) } },
            heightOfBlock: { [self] hash in
                content.withLock { $0.blocks.first { $0.block.hash == hash }?.height }
            },
            transactionPlace: { [self] in place(of: $0) },
            oldestHeight: { [self] in content.withLock { $0.oldestHeight } },
            submit: { [self] in $0.map { admit($0) } },
            simulate: { [self] transaction in
                SimulationAnswer(
                    transaction, after: status, at: status.timestamp,
                    over: content.withLock { $0.state })
            },
            pending: { [self] id in
                content.withLock { $0.mempool.first { $0.id == id } }
            },
            nextSequence: { [self] address, lane in nextSequence(address, lane) },
            peers: {
                [
                    PeerDescription(
                        nodeID: "ab", address: "127.0.0.1:26656", isInbound: true,
                        height: Height(7))
                ]
            },
            metrics: { [.gauge("consensus_height", "Height.", MetricValue(7))] })
    }

    var status: NodeStatus {
        content.withLock { content in
            let header = content.blocks.last?.block.header
            let height = header?.height ?? .genesis
            return NodeStatus(
                version: "1.0.0", nodeID: "node", isStarted: content.isStarted, isSyncing: false,
                networkHeight: max(height, content.networkHeight), height: height,
                hash: header?.hash ?? genesis.hash, timestamp: header?.timestamp ?? genesis.time,
                view: View(height.value + 1), epoch: .zero, finalizedView: View(height.value),
                peerCount: content.peerCount, mempoolCount: content.mempool.count,
                mempoolByteCount: content.mempool.reduce(0) { $0 + $1.encodedByteCount },
                isDiskLow: content.isDiskLow, validatorIndex: nil, validatorKey: nil,
                finalityAge: content.finalityAge, halt: content.halt)
        }
    }

    private func block(_ height: Height) -> FinalizedBlock? {
        content.withLock { content in
            guard height >= content.oldestHeight, height > .genesis,
                height.value <= UInt64(content.blocks.count)
            else { return nil }
            return content.blocks[Int(height.value) - 1]
        }
    }

    private func place(of id: Digest) -> TransactionPlace? {
        content.withLock { content in
            for block in content.blocks {
                guard let index = block.receipts.firstIndex(where: { $0.transactionID == id })
                else { continue }
                return TransactionPlace(height: block.height, index: index)
            }
            return nil
        }
    }

    private func nextSequence(_ address: Address, _ lane: UInt16) -> UInt64? {
        content.withLock { content in
            content.mempool.filter {
                $0.transaction.sender == address && $0.transaction.lane == lane
            }.map { $0.transaction.sequence + 1 }.max()
        }
    }

    private func admit(_ transaction: SignedTransaction) -> Admission {
        content.withLock { content in
            if content.mempool.contains(where: { $0.id == transaction.id }) { return .accepted }
            do {
                let height = Height(UInt64(content.blocks.count) + 1)
                try Ledger.admit(
                    transaction, at: height, over: content.state,
                    rules: Rules(over: content.state))
                _ = try Verified(transaction, genesisHash: genesis.hash)
            } catch let rejection as Rejection {
                return .refused(Refusal(rejection))
            } catch {
                return .refused(
                    Refusal(
                        code: "tx.bad_signature", message: "A signature is not valid.", hint: nil,
                        mayBeCuredByWaiting: false))
            }
            content.mempool.append(transaction)
            return .accepted
        }
    }
}
