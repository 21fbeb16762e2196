import Chain
import Codec
import Cryptography

/// Accounts with money in genesis, and their recipients, who have none and never sign.
struct Accounts: Sendable {
    static let fortune = Amount(10_000_000_000)

    private let keys: [PublicKey]
    let addresses: [Address]
    let recipients: [Address]

    init(count: Int) {
        keys = (0..<count).map { SigningKey(seed: Accounts.seed($0)).publicKey }
        addresses = keys.map { Address($0) }
        recipients = (0..<count).map { index in
            Address(SigningKey(seed: Accounts.seed(1_000_000 + index)).publicKey)
        }
    }

    var count: Int { addresses.count }

    func publicKey(_ index: Int) -> PublicKey { keys[index] }

    /// Keys that follow from their number: worth nothing, and the same in every run.
    static func seed(_ index: Int) -> [UInt8] {
        var writer = ByteWriter(capacity: 40)
        writer.write(UInt64(index))
        return writer.bytes + [UInt8](repeating: 0xBE, count: 24)
    }
}

/// The next transfers of all accounts in turn: each in its account's lane 0, of one base unit, to a
/// recipient that changes.
struct Transfers: Sendable {
    /// Above what a transfer uses; the sum over a block is what the block's gas limit allows.
    private static let gasLimit: UInt64 = 40_000
    /// The floor of a development chain, one base unit for 1,000 gas.
    private static let maxFee = Amount(40)

    private let chainID: ChainID
    private let genesisHash: Digest
    private let accounts: Accounts
    private var sequences: [UInt64]
    private var turn = 0

    init(genesis: Genesis, accounts: Accounts) {
        chainID = genesis.chainID
        genesisHash = genesis.hash
        self.accounts = accounts
        sequences = [UInt64](repeating: 0, count: accounts.count)
    }

    /// Which account's turn it is.
    var sender: Int { turn % accounts.count }

    /// - Parameter isSigned: false carries bytes that are no signature, for a ledger that is handed
    ///   verified transactions.
    mutating func next(_ count: Int, isSigned: Bool = true) -> [SignedTransaction] {
        let plans = (0..<count).map { _ in plan() }
        return plans.map { sign($0.transaction, by: $0.sender, isSigned: isSigned) }
    }

    /// Signs with all cores.
    mutating func nextConcurrently(_ count: Int) async -> [SignedTransaction] {
        let plans = (0..<count).map { _ in plan() }
        let size = 2_000
        let signer = self
        let parts = await withTaskGroup(of: (Int, [SignedTransaction]).self) { group in
            for start in stride(from: 0, to: count, by: size) {
                let part = plans[start..<min(start + size, count)]
                group.addTask {
                    (start, part.map { signer.sign($0.transaction, by: $0.sender) })
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        return parts.sorted { $0.0 < $1.0 }.flatMap(\.1)
    }

    private mutating func plan() -> (sender: Int, transaction: Transaction) {
        let sender = sender
        let round = turn / accounts.count
        let recipient = accounts.recipients[(sender + round * 7) % accounts.count]
        turn += 1
        let sequence = sequences[sender]
        sequences[sender] += 1
        let transaction = Transaction(
            chainID: chainID, sender: accounts.addresses[sender], sequence: sequence,
            validUntil: Height(.max), maxFee: Transfers.maxFee, gasLimit: Transfers.gasLimit,
            actions: [.transfer(to: recipient, asset: .native, amount: Amount(1))])
        return (sender, transaction)
    }

    private func sign(
        _ transaction: Transaction, by sender: Int, isSigned: Bool = true
    ) -> SignedTransaction {
        let signature =
            isSigned
            ? SigningKey(seed: Accounts.seed(sender))
                .sign(transaction.signBytes(genesisHash: genesisHash))
            : Signature([UInt8](repeating: 7, count: 64))
        return SignedTransaction(
            transaction: transaction,
            signatures: [
                TransactionSignature(key: accounts.publicKey(sender), signature: signature)
            ])
    }

    /// Requests for each of `nodes`, in the order in which they must be sent to it: an account
    /// always goes to the same node, so that its sequences arrive in order.
    static func batches(
        of transactions: [SignedTransaction], firstSender: Int, accounts: Int, nodes: Int,
        size: Int
    ) -> [[Batch]] {
        var queues = [[(sender: Int, SignedTransaction)]](repeating: [], count: nodes)
        for (index, transaction) in transactions.enumerated() {
            let sender = (firstSender + index) % accounts
            queues[sender % nodes].append((sender, transaction))
        }
        return queues.map { queue in
            stride(from: 0, to: queue.count, by: size).map { start in
                let part = queue[start..<min(start + size, queue.count)]
                return Batch(part.map(\.1), senders: part.map(\.sender))
            }
        }
    }

    /// Takes back transfers that were never sent, so that their accounts go on without a gap.
    mutating func takeBack(_ batches: some Sequence<Batch>) {
        for batch in batches {
            for sender in batch.senders {
                sequences[sender] -= 1
            }
        }
    }
}

/// The body of one request.
struct Batch: Sendable {
    let senders: [Int]
    let bytes: [UInt8]

    var count: Int { senders.count }

    init(_ transactions: [SignedTransaction], senders: [Int]) {
        self.senders = senders
        var writer = ByteWriter(capacity: 256 * transactions.count)
        writer.writeList(transactions)
        bytes = writer.bytes
    }
}
