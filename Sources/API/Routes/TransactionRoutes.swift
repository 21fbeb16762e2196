import Chain
import Codec
import Cryptography
import Hummingbird
import NIOCore

extension API {
    func addTransactionRoutes(to router: Router<APIContext>) {
        router.post("v1/txs") { request, context in
            try await submit(request, context)
        }
        router.post("v1/txs/batch") { request, context in
            try await submitBatch(request, context)
        }
        router.post("v1/txs/simulate") { request, context in
            let transaction = try await readTransaction(request, context)
            return jsonResponse(SimulationJSON(await node.simulate(transaction), node.chain))
        }
        router.get("v1/txs/:hash") { request, context in
            try await transaction(request, context)
        }
    }

    // MARK: Reading

    private func transaction(_ request: Request, _ context: APIContext) async throws -> Response {
        let hash = try context.digest("hash")
        if let found = await finalTransaction(hash) {
            return await request.answerImmutable(tag: hash.hex) { found }
        }
        guard let pending = await node.pending(hash) else {
            throw Problem.notFound(
                "tx.not_found", "This node knows no transaction of this hash.",
                hint: "It may have expired, or not have arrived here.")
        }
        return jsonResponse(TransactionJSON(pending, nil, at: nil, node.chain))
    }

    private func finalTransaction(_ hash: Digest) async -> TransactionJSON? {
        guard let place = await node.transactionPlace(hash),
            let block = await finalizedBlock(place.height),
            block.receipts.indices.contains(place.index)
        else { return nil }
        return TransactionJSON(
            block.block.body.transactions[place.index], block.receipts[place.index], at: place,
            node.chain)
    }

    // MARK: One transaction

    private func submit(_ request: Request, _ context: APIContext) async throws -> Response {
        let query = request.query
        let isWaiting = try waits(query)
        let timeout = try query.number(
            "timeout", in: 1...RequestLimits.waitMillisecondsMax,
            standard: RequestLimits.waitMillisecondsStandard)
        let transaction = try await readTransaction(request, context)
        gate.countSubmitted(1)
        guard isWaiting else {
            try await admit(transaction)
            return jsonResponse(HashJSON(hash: transaction.id.hex), status: .accepted)
        }
        // Who waits is written down before the transaction can become final.
        guard let waiter = feed.wait(for: transaction.id) else {
            throw Problem(
                .serviceUnavailable, "tx.too_many_waiting",
                "Too many requests wait for transactions.", hint: "Send it without wait=final.")
        }
        defer { feed.stopWaiting(for: transaction.id, waiter.id) }
        try await admit(transaction)
        if await node.transactionPlace(transaction.id) == nil {
            await firstSignal(of: waiter.signal, within: .milliseconds(Int64(timeout)))
        }
        guard let final = await finalTransaction(transaction.id) else {
            throw Problem(
                .gatewayTimeout, "tx.timeout",
                "The transaction was not final within \(timeout) ms. It may still become final.",
                hint: "Ask for /v1/txs/\(transaction.id.hex).",
                details: ["hash": transaction.id.hex])
        }
        return jsonResponse(final)
    }

    private func waits(_ query: Query) throws(Problem) -> Bool {
        switch query.text("wait") {
        case nil, "none": false
        case "final": true
        case .some: throw .badParameter("wait", "wait is none or final.")
        }
    }

    /// Waits for the signal, the time, or the end of the feed.
    private func firstSignal(of signal: AsyncStream<Void>, within time: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in signal { return }
            }
            group.addTask { try? await Task.sleep(for: time) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Hands a transaction in. One that is final already is no error: its sender asks twice.
    private func admit(_ transaction: SignedTransaction) async throws(Problem) {
        guard case .refused(let refusal)? = await node.submit([transaction]).first else { return }
        guard await node.transactionPlace(transaction.id) == nil else { return }
        throw Problem(refusal, in: node.chain.style)
    }

    /// A transaction in binary, or in hexadecimal digits as text.
    private func readTransaction(
        _ request: Request, _ context: APIContext
    ) async throws -> SignedTransaction {
        let type = request.headers[.contentType] ?? ""
        let isText = type.hasPrefix("text/plain")
        let limit = Limits.transactionBytesMax
        let body = try await request.collectBody(
            limit: isText ? 2 * limit + 2 : limit, within: bodyTime, context)
        do {
            guard isText else { return try decode(body) }
            let text = String(buffer: body).trimmingPrefix { $0.isWhitespace }
            let digits = text.prefix { !$0.isWhitespace }
            guard let bytes = [UInt8](hex: String(digits)) else {
                throw Problem(
                    .badRequest, "tx.malformed",
                    "The body is not an even number of lower-case hexadecimal digits.")
            }
            return try SignedTransaction(decoding: bytes)
        } catch let error as DecodeError {
            throw Problem(malformed: "a signed transaction", code: "tx.malformed", error)
        }
    }

    private func decode(_ body: ByteBuffer) throws(DecodeError) -> SignedTransaction {
        var reader = ByteReader(body.readableBytesSpan)
        let transaction = try SignedTransaction(from: &reader)
        try reader.finish()
        return transaction
    }

    // MARK: Many

    private func submitBatch(_ request: Request, _ context: APIContext) async throws -> Response {
        let body = try await request.collectBody(
            limit: RequestLimits.bodyBytesMax, within: bodyTime, context)
        let transactions: [SignedTransaction]
        do {
            transactions = try decodeBatch(body)
        } catch {
            throw Problem(
                malformed: "a list of signed transactions", code: "tx.malformed_batch", error)
        }
        gate.countSubmitted(transactions.count)
        let answers = await node.submit(transactions)
        var results: [BatchJSON.Entry] = []
        results.reserveCapacity(transactions.count)
        var acceptedCount = 0
        for (transaction, answer) in zip(transactions, answers) {
            let refusal = await refusal(of: transaction, answer)
            acceptedCount += refusal == nil ? 1 : 0
            results.append(
                BatchJSON.Entry(
                    hash: transaction.id.hex, code: refusal?.code, error: refusal?.message))
        }
        return jsonResponse(BatchJSON(accepted: acceptedCount, results: results))
    }

    private func decodeBatch(_ body: ByteBuffer) throws(DecodeError) -> [SignedTransaction] {
        var reader = ByteReader(body.readableBytesSpan)
        // The smallest transaction has more than 100 bytes.
        let transactions: [SignedTransaction] = try reader.readList(
            limit: RequestLimits.bodyBytesMax / 100, minimumElementSize: 100)
        try reader.finish()
        return transactions
    }

    private func refusal(
        of transaction: SignedTransaction, _ answer: Admission
    ) async -> Refusal? {
        switch answer {
        case .accepted: nil
        case .refused(let refusal):
            await node.transactionPlace(transaction.id) == nil ? refusal : nil
        }
    }
}
