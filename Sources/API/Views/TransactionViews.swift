import Chain
import Cryptography
import Ledger

struct HashJSON: Encodable {
    let hash: String
}

struct BatchJSON: Encodable {
    struct Entry: Encodable {
        let hash: String
        /// Absent when the transaction was taken.
        let code: String?
        let error: String?
    }

    let accepted: Int
    let results: [Entry]
}

/// What the stream says of a transaction in a block.
struct TransactionNoteJSON: Encodable {
    let hash: String
    let height: UInt64
    let index: Int
    let code: String
}

/// A transaction with what became of it. What only a block gives is null while it is pending.
struct TransactionJSON: Encodable {
    let hash: String
    let height: Nullable<UInt64>
    let index: Nullable<Int>
    /// `ok`, `failed` or `pending`.
    let status: String
    /// `ok` or the code of the failure.
    let code: Nullable<String>
    let error: Nullable<String>
    let gasUsed: Nullable<String>
    let gasLimit: String
    let fee: Nullable<String>
    let maxFee: String
    let sender: String
    let feePayer: Nullable<String>
    let lane: UInt16
    let sequence: String
    let validUntil: UInt64
    /// The memo's bytes, and its text if it is UTF-8.
    let memo: String
    let memoText: Nullable<String>
    let actions: [ActionJSON]
    let events: [EventJSON]

    init(
        _ signed: SignedTransaction, _ receipt: Receipt?, at place: TransactionPlace?,
        _ chain: ChainDescription
    ) {
        let transaction = signed.transaction
        hash = signed.id.hex
        height = Nullable(place?.height.value)
        index = Nullable(place?.index)
        status = receipt.map { $0.status.isOK ? "ok" : "failed" } ?? "pending"
        code = Nullable(receipt?.status.code)
        error = Nullable(
            receipt?.status.message.map { PlainFacts.readable($0, in: chain.style) })
        gasUsed = Nullable(receipt.map { String($0.gasUsed) })
        gasLimit = String(transaction.gasLimit)
        fee = Nullable(receipt.map { String($0.fee.value) })
        maxFee = String(transaction.maxFee.value)
        sender = transaction.sender.text(prefix: chain.addressPrefix)
        feePayer = Nullable(transaction.feePayer?.text(prefix: chain.addressPrefix))
        lane = transaction.lane
        sequence = String(transaction.sequence)
        validUntil = transaction.validUntil.value
        memo = transaction.memo.hex
        memoText = Nullable(String(validating: transaction.memo, as: UTF8.self))
        actions = transaction.actions.map { ActionJSON($0, chain) }
        events = (receipt?.events ?? []).map { EventJSON($0, chain) }
    }
}

extension ReceiptStatus {
    /// Why the transaction failed, for people.
    var message: String? {
        switch self {
        case .ok: nil
        case .failed(_, let message): message
        }
    }
}

/// What a transaction would do now.
struct SimulationJSON: Encodable {
    let code: String
    let error: Nullable<String>
    let hint: Nullable<String>
    let gasUsed: String
    let fee: String
    let events: [EventJSON]
    /// What it would submit, each with its rules and its dry run.
    let proposals: [ProposalJSON]

    init(_ answer: SimulationAnswer, _ chain: ChainDescription) {
        switch answer {
        case .refused(let rejection):
            code = rejection.code
            error = Nullable(
                PlainFacts.readable(rejection.message(in: chain.style), in: chain.style))
            hint = Nullable(rejection.hint)
            gasUsed = "0"
            fee = "0"
            events = []
            proposals = []
        case .executed(let simulation):
            let receipt = simulation.receipt
            code = receipt.status.code
            error = Nullable(
                simulation.failure.map {
                    PlainFacts.readable($0.message(in: chain.style), in: chain.style)
                })
            hint = Nullable(simulation.failure?.hint)
            gasUsed = String(receipt.gasUsed)
            fee = String(receipt.fee.value)
            events = receipt.events.map { EventJSON($0, chain) }
            proposals = simulation.proposals.map { ProposalJSON($0, chain, hasBody: false) }
        }
    }
}
