import Chain
import Codec
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// SEC-18: no transaction traps; one that fails leaves a receipt and pays its fee.
@Suite struct HostileTransactionsTests {
    private struct Attack {
        var chain = TestChain()
        var random: SeededGenerator
        var failedCount = 0
        var doneCount = 0

        init(seed: UInt64) {
            random = SeededGenerator(seed: seed)
        }

        mutating func number(_ range: ClosedRange<UInt64>) -> UInt64 {
            UInt64.random(in: range, using: &random)
        }

        mutating func extreme() -> UInt64 {
            let ends: [UInt64] = [
                0, 1, 2, 10_000_000, 1 << 31, 1 << 32, 1 << 62, 1 << 63, .max - 1, .max,
            ]
            return ends.randomElement(using: &random) ?? 0
        }

        mutating func someone() -> Address {
            let all =
                TestChain.people.map(\.address) + ModuleAccounts.all
                + [TestChain.nobody.address, Address(words: Digest.zero.words)]
            return all.randomElement(using: &random) ?? TestChain.bob.address
        }

        /// Actions whose numbers are the ends of their types.
        mutating func action() -> Action {
            let id = ProposalID(number(0...3) == 0 ? extreme() : number(0...3))
            switch number(0...7) {
            case 0:
                return .transfer(
                    to: someone(), asset: AssetID(number(0...1) == 0 ? 0 : extreme()),
                    amount: Amount(extreme()))
            case 1: return .submitProposal(draft())
            case 2: return .addDeposit(proposal: id, amount: Amount(extreme()))
            case 3:
                return .castBallot(
                    BallotCast(
                        proposal: id, contentHash: .zero,
                        weights: BallotWeights(
                            yes: UInt16(truncatingIfNeeded: extreme()),
                            veto: UInt16(truncatingIfNeeded: extreme()))))
            case 4: return .cancelProposal(id)
            case 5...6:
                return .transfer(
                    to: TestChain.bob.address, asset: .native, amount: Amount(number(1...9)))
            default: return .claimDeposit(id)
            }
        }

        mutating func draft() -> ProposalDraft {
            var actions: [Action] = []
            for _ in 0..<Int(number(0...2)) {
                let payments = (0..<Int(number(0...3))).map { _ in
                    TreasuryPayment(
                        recipient: someone(), asset: AssetID(number(0...1)),
                        amount: Amount(extreme()))
                }
                let id = ParameterID.allCases.randomElement(using: &random)
                actions.append(
                    number(0...1) == 0
                        ? .spend(TreasurySpend(payments: payments))
                        : .setParameter(
                            ParameterChange(
                                name: id?.name ?? "", value: .integer(extreme()))))
            }
            return ProposalDraft(
                title: "t", body: "", actions: actions, deposit: Amount(extreme()))
        }

        /// The action with some of its bytes changed, if it is still one.
        mutating func mutated(_ action: Action) -> Action? {
            var bytes = action.encoded()
            for _ in 0..<number(1...3) {
                bytes[Int(number(0...UInt64(bytes.count - 1)))] = UInt8(number(0...255))
            }
            return try? Action(decoding: bytes)
        }

        mutating func transaction(by sender: Person, sequence: UInt64) -> Transaction {
            var transaction = chain.transfer(from: sender, sequence: sequence)
            transaction.actions = (0..<number(1...3)).map { _ in action() }
            if number(0...1) == 0 {
                transaction.actions = transaction.actions.map { mutated($0) ?? $0 }
            }
            transaction.gasLimit = number(0...9) == 0 ? extreme() : 1_000_000
            transaction.maxFee = Amount(number(0...9) == 0 ? extreme() : 10_000)
            if number(0...15) == 0 { transaction.lane = UInt16(number(0...65_535)) }
            if number(0...15) == 0 { transaction.validUntil = Height(extreme()) }
            if number(0...15) == 0 { transaction.sequence = extreme() }
            if number(0...15) == 0 { transaction.feePayer = someone() }
            return transaction
        }

        mutating func block() throws {
            let candidates = TestChain.people.map { sender in
                let sequence = Queries.account(sender.address, over: chain.state).sequence
                let transaction = transaction(by: sender, sequence: sequence)
                return Verified.restored(chain.signed(transaction, by: [sender]))
            }
            let built = Ledger.build(
                candidates, context: chain.context, over: chain.state, bytesMax: .max,
                shouldStop: { false })
            let executed = try chain.append(built.included.map(\.value))
            #expect(executed.outcome == built.execution.outcome)
            #expect(executed.receipts.count == built.included.count)
            for (receipt, transaction) in zip(executed.receipts, built.included) {
                #expect(receipt.transactionID == transaction.value.id)
                #expect(receipt.fee <= transaction.value.transaction.maxFee)
                #expect(try Receipt(decoding: receipt.encoded()) == receipt)
                if receipt.status.isOK {
                    doneCount += 1
                } else {
                    failedCount += 1
                    #expect(receipt.events.isEmpty)
                }
            }
        }
    }

    @Test(arguments: 0..<4)
    func `SEC-18 a hostile transaction leaves a receipt or is in no block`(
        _ seed: Int
    ) throws {
        var attack = Attack(seed: UInt64(seed))
        for _ in 0..<60 {
            try attack.block()
        }
        #expect(attack.failedCount > 100)
        #expect(attack.doneCount > 10)
        #expect(Invariants.violations(over: attack.chain.state).isEmpty)
    }

    @Test func `SEC-18 bytes of any kind are no transaction or one that is judged`() throws {
        let chain = TestChain()
        var random = SeededGenerator(seed: 18)
        let whole = chain.signed(chain.transfer()).encoded()
        var decodedCount = 0
        for round in 0..<8_000 {
            var bytes = whole
            if round % 4 == 0 {
                bytes = (0..<Int.random(in: 0...300, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
            } else {
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] =
                        UInt8.random(in: 0...255, using: &random)
                }
            }
            guard let signed = try? SignedTransaction(decoding: bytes) else { continue }
            decodedCount += 1
            let before = chain.state.root.hash
            let execution = try? chain.execute([signed])
            #expect(execution == nil || execution?.receipts.count == 1)
            #expect(chain.state.root.hash == before)
        }
        #expect(decodedCount > 1_000)
    }
}
