import Chain
import Codec
import Cryptography
import Testing

@Suite struct ReceiptTests {
    @Test func `the root covers the block's own events`() {
        let receipt = GoldenValues.receipt
        let without = Receipt.root(of: [receipt], blockEvents: [])
        let with = Receipt.root(of: [receipt], blockEvents: receipt.events)
        #expect(without != with)
        #expect(
            with == Receipt.root(of: [receipt, .ofBlock(events: receipt.events)], blockEvents: []))
        #expect(Receipt.root(of: [], blockEvents: []) == .zero)
    }

    @Test func `a long text is cut between characters, so that every receipt decodes`() throws {
        let text = String(repeating: "ü", count: 300)
        let rejection = Rejection.wrongChain(expected: "a", found: text)
        let receipt = Receipt(
            transactionID: .zero, status: .failed(rejection), gasUsed: 0, fee: .zero, events: [])
        #expect(try Receipt(decoding: receipt.encoded()) == receipt)
        guard case .failed(let code, let message) = receipt.status else {
            Issue.record("the receipt says that it failed")
            return
        }
        #expect(code == "tx.wrong_chain")
        #expect((510...512).contains(message.utf8.count))
    }
}
