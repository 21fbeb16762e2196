import Chain
import Codec
import Cryptography
import Foundation
import GenesisTool
import KeyTool
import Ledger

/// The way of a write (interfaces.md 2): build, dry run, show what and its highest fee, sign,
/// submit, print the hash first, wait for finality; the exit code is the result.
struct TransactionBuilder {
    /// How far ahead a transaction stays valid: what a lost one can still do ends soon.
    ///
    /// Chosen by chance: two processes that send the same at once must not make the same bytes, or
    /// both would wait for one transaction.
    private static let validityHeights: ClosedRange<UInt64> = 1_000...9_999
    /// Another process may take the same sequence between the question and the answer.
    private static let attemptsMax = 50
    private static let takenSequence: Set = [
        "tx.sequence_too_low", "pool.replacement_underpriced",
    ]

    let options: WriteOptions
    /// Whether `-q` keeps the hash from standard output, because the command prints another id.
    let hasOtherID: Bool
    let client: Client
    let chain: ChainInfo
    let keystore: Keystore

    init(_ options: WriteOptions, hasOtherID: Bool = false) async throws {
        self.options = options
        self.hasOtherID = hasOtherID
        client = try options.client.client()
        keystore = try Keystore.open(home: options.client.home)
        chain = try await ChainInfo(client)
    }

    /// What the home calls addresses.
    private var names: NameBook { NameBook(chain, home: options.client.home) }

    /// A transaction that was built and tried, before anybody signs it.
    struct Plan {
        let sender: String
        var transaction: Transaction
        let simulation: JSON
    }

    /// Sends the same actions from every sender of `--from`.
    ///
    /// - Parameters:
    ///   - summary: what happens, in one line for people.
    ///   - effects: what follows from it, a line for each thing.
    ///   - details: what follows as the dry run says.
    ///   - excuse: is told what came of all, and says of the ones that failed why that is no
    ///     failure of the command; nil if it is one.
    @discardableResult
    func send(
        _ actions: [Action], summary: String, effects: [String] = [],
        details: (JSON) -> [String] = { _ in [] },
        excuse: ([JSON]) async throws -> (JSON) -> String? = { _ in { _ in nil } }
    ) async throws -> [JSON] {
        var plans: [Plan] = []
        for sender in try options.senders(in: keystore) {
            plans.append(try await plan(actions, from: sender))
        }
        show(plans, summary: summary, effects: effects, details: details)
        guard !options.dryRun else {
            for plan in plans {
                showDryRun(plan)
            }
            return plans.map(\.simulation)
        }
        try confirm()
        var sent: [SignedTransaction] = []
        var failure: CommandError?
        for plan in plans {
            do {
                sent.append(try await submit(plan))
            } catch let error as CommandError {
                // The others still count; the first failure is the command's.
                failure = failure ?? error
            }
        }
        let results = try await settle(sent, excuse)
        if let failure { throw failure }
        return results
    }

    // MARK: Build

    /// A sequence may be used up between the question for it and the dry run.
    private func plan(_ actions: [Action], from name: String) async throws -> Plan {
        for _ in 0..<TransactionBuilder.attemptsMax {
            do {
                return try await planOnce(actions, from: name)
            } catch let error as CommandError
                where TransactionBuilder.takenSequence.contains(error.code)
            {
                continue
            }
        }
        return try await planOnce(actions, from: name)
    }

    private func planOnce(_ actions: [Action], from name: String) async throws -> Plan {
        let sender = try keystore.address(named: name)
        let sequence = try await sequence(of: sender)
        let height = try await client.get("/v1/status")["height"]?.integer ?? 0
        let price = chain.parameters.priceFloor
        let limit = min(10_000_000, chain.parameters.blockGasLimit)
        var transaction = Transaction(
            chainID: chain.chainID, sender: sender, sequence: sequence,
            validUntil: Height(height + UInt64.random(in: TransactionBuilder.validityHeights)),
            maxFee: try fee(of: limit, at: price), gasLimit: limit, actions: actions,
            memo: Array(options.memo.utf8))
        let unsigned = SignedTransaction(transaction: transaction, signatures: [])
        let simulation = try await client.post("/v1/txs/simulate", unsigned.encoded())
        if let code = simulation["code"]?.text, code != "ok" {
            throw names.relabel(
                CommandError(
                    code, simulation["error"]?.text ?? "the transaction would fail",
                    hint: (simulation["hint"]?.text.map { $0 + " " } ?? "") + "Nothing was sent.",
                    exit: .failed))
        }
        guard let used = simulation["gasUsed"]?.integer else {
            throw CommandError("node.answer", "the dry run has no gasUsed", exit: .notReached)
        }
        transaction.gasLimit = TransactionBuilder.gasLimit(simulated: used)
        transaction.maxFee = try fee(of: transaction.gasLimit, at: price)
        return Plan(sender: name, transaction: transaction, simulation: simulation)
    }

    /// The next free sequence of the account, with what waits in the node's mempool counted.
    private func sequence(of sender: Address) async throws -> UInt64 {
        let account = try await client.get("/v1/accounts/\(chain.text(sender))")
        let next = account["pendingSequence"]?.integer ?? account["sequence"]?.integer
        guard let next else {
            throw CommandError("node.answer", "the node gives no sequence", exit: .notReached)
        }
        return next
    }

    /// The dry run had no signature, and the state may change a little until the block; what is not
    /// used is given back.
    static func gasLimit(simulated used: UInt64) -> UInt64 {
        let signature = GasSchedule.signature + 96 * GasSchedule.transactionByte
        let gas = used.advanced(clampingBy: signature)
        return gas.advanced(clampingBy: gas / 4)
    }

    private func fee(of gas: UInt64, at floor: Ratio) throws -> Amount {
        guard let fee = Fees.minimumFee(gasLimit: gas, floor: floor) else {
            throw CommandError("fee.overflow", "the fee for \(gas) gas is above any amount")
        }
        return fee
    }

    // MARK: Show

    private func show(
        _ plans: [Plan], summary: String, effects: [String], details: (JSON) -> [String]
    ) {
        guard !options.client.quiet else { return }
        Console.note(summary)
        for effect in effects {
            Console.note("  " + effect)
        }
        for plan in plans {
            for detail in details(plan.simulation) {
                Console.note(detail)
            }
            let transaction = plan.transaction
            Console.note(
                "  from         \(plan.sender)  \(chain.text(transaction.sender))"
                    + "  sequence \(transaction.sequence)")
            Console.note("  highest fee  \(chain.text(transaction.maxFee))")
        }
    }

    private func showDryRun(_ plan: Plan) {
        let json = JSON.object([
            .init("sender", .string(chain.text(plan.transaction.sender))),
            .init("sequence", .string(String(plan.transaction.sequence))),
            .init("gasLimit", .string(String(plan.transaction.gasLimit))),
            .init("maxFee", .string(String(plan.transaction.maxFee.value))),
            .init("unsigned", .string(plan.transaction.encoded().hex)),
            .init("simulation", plan.simulation),
        ])
        options.client.show(json) {
            ["  dry run      \(json["simulation"]?["gasUsed"]?.integer ?? 0) gas; nothing was sent"]
        }
    }

    /// Asks on a terminal; elsewhere a chain whose tokens are worth something needs `--yes`.
    private func confirm() throws {
        guard !options.yes, chain.kind != .development else { return }
        guard Console.isInputTerminal, Console.isErrorTerminal else {
            guard chain.kind == .main else { return }
            throw CommandError(
                "confirm.required", "this would be sent to a main chain without a question",
                hint: "add --yes if that is meant", exit: .refused)
        }
        guard Console.confirm("Send it?") else {
            throw CommandError("confirm.declined", "nothing was sent", exit: .refused)
        }
    }

    // MARK: Send and wait

    /// Signs and submits. The hash is printed before the bytes leave, so that it is known whatever
    /// happens after; with `-q`, which is for scripts, as soon as the node has taken them.
    private func submit(_ plan: Plan) async throws -> SignedTransaction {
        var transaction = plan.transaction
        if let limit = options.feeLimit {
            let most = try chain.amount(limit, "--fee-limit")
            guard transaction.maxFee <= most else {
                throw CommandError(
                    "fee.above_limit",
                    "the fee may reach \(chain.text(transaction.maxFee)),"
                        + " above the limit of \(chain.text(most))",
                    hint: "nothing was sent", exit: .refused)
            }
        }
        let key = try keystore.signingKey(named: plan.sender, password: options.password)
        for _ in 0..<TransactionBuilder.attemptsMax {
            let signature = key.sign(transaction.signBytes(genesisHash: chain.genesisHash))
            let signed = SignedTransaction(
                transaction: transaction,
                signatures: [TransactionSignature(key: key.publicKey, signature: signature)])
            announce(signed.id)
            do {
                _ = try await client.post("/v1/txs", signed.encoded())
                if options.client.quiet, !hasOtherID {
                    Console.write(signed.id.hex)
                }
                return signed
            } catch let error as CommandError
                where TransactionBuilder.takenSequence.contains(error.code)
            {
                Console.note("sequence \(transaction.sequence) is taken; once more with the next")
                try await Task.sleep(for: .milliseconds(Int64.random(in: 5...50)))
                transaction.sequence = try await sequence(of: transaction.sender)
            }
        }
        throw CommandError(
            "tx.sequence_taken", "others send from \(plan.sender) all the time")
    }

    private func announce(_ hash: Digest) {
        guard !options.client.quiet else { return }
        switch options.client.format {
        case .table: Console.write("hash         \(hash)")
        case .json: Console.note("hash         \(hash)")
        }
    }

    private func settle(
        _ signed: [SignedTransaction], _ excuse: ([JSON]) async throws -> (JSON) -> String?
    ) async throws -> [JSON] {
        guard options.wait == .final else {
            if options.client.format == .json, !options.client.quiet {
                for transaction in signed {
                    Console.write(
                        JSON.object([.init("hash", .string(transaction.id.hex))]).compact)
                }
            }
            return []
        }
        let waiter = TransactionWaiter(
            client: client, timeoutMilliseconds: try options.timeoutMilliseconds())
        var results: [JSON] = []
        for transaction in signed {
            results.append(
                try await waiter.result(
                    of: transaction.id, validUntil: transaction.transaction.validUntil))
        }
        for result in results {
            TransactionView(chain: chain).showResult(result, options.client)
        }
        let reason = try await excuse(results)
        for result in results {
            do {
                try TransactionView.checkSuccess(result)
            } catch let error as CommandError {
                if let reason = reason(result) {
                    Console.note(names.relabel(reason))
                    continue
                }
                throw names.relabel(error)
            }
        }
        return results
    }
}

extension UInt64 {
    /// The sum, or the greatest number.
    func advanced(clampingBy other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
