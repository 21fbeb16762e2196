import Chain
import Cryptography

/// A block as lists and the stream show it.
struct BlockHeadJSON: Encodable {
    let height: UInt64
    let hash: String
    let time: String
    let timeMs: UInt64
    let epoch: UInt64
    let view: UInt64
    /// The leader's index in the epoch's set.
    let proposer: UInt16
    /// How many.
    let transactions: Int
    let gasUsed: String
    let stateRoot: String

    init(_ head: BlockHead) {
        let header = head.header
        height = header.height.value
        hash = header.hash.hex
        time = timeText(header.timestamp)
        timeMs = header.timestamp.milliseconds
        epoch = header.epoch.value
        view = header.view.value
        proposer = header.proposer
        transactions = head.transactionCount
        gasUsed = String(header.gasUsed)
        stateRoot = header.stateRoot.hex
    }
}

/// A block with the hashes of its transactions: the fields of its head and more.
struct BlockJSON: Encodable {
    struct FinalizationJSON: Encodable {
        let view: UInt64
        /// What signed of the set's power.
        let power: String
        /// By index in the epoch's set.
        let signers: [UInt16]

        init(_ certificate: Certificate, _ validators: ValidatorSet?) {
            view = certificate.view.value
            power = String(validators.flatMap { certificate.power(in: $0) } ?? 0)
            signers = certificate.bitmap.signers
        }
    }

    private struct Rest: Encodable {
        let parentHash: String
        let parentView: UInt64
        let txRoot: String
        let receiptsRoot: String
        let gasLimit: String
        let txs: [String]
        let finalization: Nullable<FinalizationJSON>
    }

    private let head: BlockHeadJSON
    private let rest: Rest

    init(_ block: FinalizedBlock, validators: ValidatorSet?) {
        head = BlockHeadJSON(BlockHead(block.block))
        let header = block.block.header
        rest = Rest(
            parentHash: header.parentHash.hex, parentView: header.parentView.value,
            txRoot: header.transactionsRoot.hex, receiptsRoot: header.receiptsRoot.hex,
            gasLimit: String(header.gasLimit), txs: block.block.body.transactions.map(\.id.hex),
            finalization: Nullable(
                block.finalization.map { FinalizationJSON($0, validators) }))
    }

    func encode(to encoder: any Encoder) throws {
        try head.encode(to: encoder)
        try rest.encode(to: encoder)
    }
}
