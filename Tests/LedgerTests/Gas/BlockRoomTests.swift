import Chain
import Codec
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// Which of the candidates a leader's block has room for.
@Suite struct BlockRoomTests {
    private let chain = TestChain()
    private let people = TestChain.people

    /// A transfer that uses about 20,000 gas, whatever it could use.
    private func transfer(
        by person: Int, sequence: UInt64 = 0, lane: UInt16 = 0, gasLimit: UInt64 = 100_000,
        memo: Int = 0
    ) -> SignedTransaction {
        let sender = people[person]
        var transaction = chain.transfer(from: sender, sequence: sequence, lane: lane)
        transaction.gasLimit = gasLimit
        transaction.maxFee = Amount(gasLimit)
        transaction.memo = [UInt8](repeating: 0, count: memo)
        return chain.signed(transaction, by: [sender])
    }

    private func build(
        _ candidates: [SignedTransaction], bytesMax: Int = .max
    ) throws -> [Int] {
        let built = Ledger.build(
            candidates.map { Verified.restored($0) }, context: chain.context, over: chain.state,
            bytesMax: bytesMax, shouldStop: { false })
        #expect(built.dropped.isEmpty)
        // What a leader builds is what everybody else accepts, with the same result.
        let executed = try chain.execute(built.included.map(\.value))
        #expect(executed.outcome == built.execution.outcome)
        return built.included.map { one in
            candidates.firstIndex { $0.id == one.value.id } ?? -1
        }
    }

    @Test func `a gas limit that has no room keeps nobody else out`() throws {
        let limit = chain.rules.blockGasLimit
        let included = try build([
            transfer(by: 0, gasLimit: limit), transfer(by: 1, gasLimit: limit),
            transfer(by: 2), transfer(by: 3, gasLimit: limit), transfer(by: 4),
        ])
        #expect(included == [0, 2, 4])
    }

    @Test func `whoever follows on what had no room waits with it`() throws {
        let limit = chain.rules.blockGasLimit
        let included = try build([
            transfer(by: 0), transfer(by: 1, gasLimit: limit), transfer(by: 1, sequence: 1),
            transfer(by: 2), transfer(by: 1, sequence: 2),
            // Another lane of the same account goes its own way.
            transfer(by: 1, lane: 1),
        ])
        #expect(included == [0, 3, 5])
    }

    @Test func `what fits to the unit of gas is in the block and one more is not`() throws {
        let limit = chain.rules.blockGasLimit
        let used = try chain.execute([transfer(by: 0)]).outcome.gasUsed
        #expect(
            try build([transfer(by: 0), transfer(by: 1, gasLimit: limit - used)]) == [0, 1])
        #expect(
            try build([transfer(by: 0), transfer(by: 1, gasLimit: limit - used + 1)]) == [0])
    }

    @Test func `bytes that have no room keep nobody else out`() throws {
        let large = transfer(by: 1, memo: 256)
        let candidates = [
            transfer(by: 0), large, transfer(by: 1, sequence: 1), transfer(by: 2), transfer(by: 3),
        ]
        let size = candidates[0].encodedByteCount
        #expect(large.encodedByteCount > 2 * size)
        #expect(try build(candidates, bytesMax: 3 * size) == [0, 3, 4])
        #expect(try build(candidates, bytesMax: 3 * size - 1) == [0, 3])
    }

    @Test func `a gas limit above the block's own is dropped and does not wait`() throws {
        let limit = chain.rules.blockGasLimit
        let above = transfer(by: 1, gasLimit: limit + 1)
        let built = Ledger.build(
            [transfer(by: 0), above, transfer(by: 2)].map { Verified.restored($0) },
            context: chain.context, over: chain.state, bytesMax: .max, shouldStop: { false })
        #expect(built.included.count == 2)
        #expect(
            built.dropped == [
                BuiltBody.Dropped(
                    id: above.id,
                    rejection: .gasLimitTooHigh(limit: limit + 1, blockLimit: limit))
            ])
    }

    @Test func `no transaction uses less than a pool reckons with`() {
        let signed = transfer(by: 0)
        var transaction = signed.transaction
        transaction.actions = []
        let bytes = signed.encodedByteCount
        let least = GasSchedule.intrinsic(transaction, byteCount: bytes, signatureCount: 1)
        #expect(least == Limits.transactionGasMin + UInt64(bytes) * Limits.transactionByteGas)
    }
}
