import Chain
import Codec
import Cryptography
import Testing

/// What strangers send: deep, oversized, truncated and random bytes give an error, and
/// never a trap or a large allocation.
@Suite struct DecodingTests {
    private func writer(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter()
        body(&writer)
        return writer.bytes
    }

    /// A transaction up to and without its actions.
    private var head: [UInt8] {
        writer {
            $0.write(GoldenValues.chainID)
            $0.write(GoldenValues.address(1))
            $0.write(UInt64(0))
            $0.write(UInt16(0))
            $0.write(UInt64(9))
            $0.write(UInt64(9))
            $0.write(UInt64(9))
            $0.write(false)
        }
    }

    @Test func `SEC-56 a proposal inside a proposal is unknown, at any depth`() {
        var draft = GoldenValues.draft
        for depth in 0..<3 {
            draft = ProposalDraft(
                title: "depth \(depth)", body: "", actions: [.submitProposal(draft)],
                deposit: Amount(1))
        }
        #expect(throws: DecodeError.unknownTag(type: "Action", tag: 1)) {
            try Action(decoding: Action.submitProposal(draft).encoded())
        }
    }

    @Test func `a list claims no more elements than its limit`() {
        let bytes = head + writer { $0.writeULEB128(65) }
        #expect(throws: DecodeError.lengthOutOfBounds(length: 65, limit: 64)) {
            try Transaction(decoding: bytes)
        }
        let most = head + writer { $0.writeULEB128(.max) }
        #expect(throws: DecodeError.lengthOutOfBounds(length: UInt64(UInt32.max), limit: 64)) {
            try Transaction(decoding: most)
        }
    }

    @Test func `a transaction without actions is none`() {
        let bytes =
            head
            + writer {
                $0.writeULEB128(0)
                $0.writeByteVector([])
            }
        #expect(throws: DecodeError.invalidValue(type: "Transaction.actions")) {
            try Transaction(decoding: bytes)
        }
    }

    @Test func `a memo, a title and a body keep to their limits`() {
        var transaction = GoldenValues.transaction
        transaction.memo = [UInt8](repeating: 0, count: 257)
        #expect(throws: DecodeError.lengthOutOfBounds(length: 257, limit: 256)) {
            try Transaction(decoding: transaction.encoded())
        }
        let title = ProposalDraft(
            title: String(repeating: "t", count: 561), body: "", actions: [], deposit: .zero)
        #expect(throws: DecodeError.lengthOutOfBounds(length: 561, limit: 560)) {
            try ProposalDraft(decoding: title.encoded())
        }
        let body = ProposalDraft(
            title: "", body: String(repeating: "b", count: 49_153), actions: [], deposit: .zero)
        #expect(throws: DecodeError.lengthOutOfBounds(length: 49_153, limit: 49_152)) {
            try ProposalDraft(decoding: body.encoded())
        }
    }

    @Test func `a signed transaction above 64 KiB is refused`() {
        var transaction = GoldenValues.transaction
        let draft = ProposalDraft(
            title: "", body: String(repeating: "b", count: 40_000), actions: [], deposit: .zero)
        transaction.actions = [.submitProposal(draft), .submitProposal(draft)]
        let signed = SignedTransaction(transaction: transaction, signatures: [])
        #expect(
            throws: DecodeError.lengthOutOfBounds(
                length: UInt64(signed.encodedByteCount), limit: 65_536)
        ) {
            try SignedTransaction(decoding: signed.encoded())
        }
    }

    @Test func `more signatures than 32 are refused before they are read`() {
        let bytes = GoldenValues.transaction.encoded() + writer { $0.writeULEB128(33) }
        #expect(throws: DecodeError.lengthOutOfBounds(length: 33, limit: 32)) {
            try SignedTransaction(decoding: bytes)
        }
        let short = GoldenValues.transaction.encoded() + writer { $0.writeULEB128(32) }
        #expect(throws: DecodeError.truncated(needed: 32 * 96, available: 0)) {
            try SignedTransaction(decoding: short)
        }
    }

    @Test func `a block above 512 KiB is refused before it is read`() {
        let bytes = [UInt8](repeating: 0, count: Limits.blockBytesMax + 1)
        #expect(
            throws: DecodeError.lengthOutOfBounds(
                length: UInt64(bytes.count), limit: Limits.blockBytesMax)
        ) {
            try Block(decoding: bytes)
        }
    }

    /// A signed transaction of exactly so many bytes, by the lengths of its proposals' texts.
    private func transaction(bytes: Int) -> SignedTransaction {
        func made(_ first: Int, _ second: Int) -> SignedTransaction {
            var transaction = GoldenValues.transaction
            transaction.actions = [first, second].map { count in
                .submitProposal(
                    ProposalDraft(
                        title: "", body: String(repeating: "b", count: count), actions: [],
                        deposit: .zero))
            }
            return SignedTransaction(transaction: transaction, signatures: [])
        }
        // Both lengths keep their number of bytes, so that one more letter is one more byte.
        let least = made(16_384, 16_384).encodedByteCount
        let missing = bytes - least
        let half = missing / 2
        return made(16_384 + half, 16_384 + missing - half)
    }

    @Test func `SEC-20 a transaction of the greatest length is read, one byte more is not`() throws
    {
        let most = transaction(bytes: Limits.transactionBytesMax)
        #expect(most.encodedByteCount == 65_536)
        #expect(try SignedTransaction(decoding: most.encoded()) == most)
        let over = transaction(bytes: Limits.transactionBytesMax + 1)
        #expect(throws: DecodeError.lengthOutOfBounds(length: 65_537, limit: 65_536)) {
            try SignedTransaction(decoding: over.encoded())
        }
    }

    @Test func `P33 SEC-20 a block of the greatest length is read, one byte more is not`() throws {
        func block(last: Int) -> Block {
            let sizes = [Int](repeating: 60_000, count: 8) + [last]
            return Block(
                header: GoldenValues.header,
                body: BlockBody(transactions: sizes.map { transaction(bytes: $0) }))
        }
        let rest = Limits.blockBytesMax - block(last: 40_000).encoded().count
        let most = block(last: 40_000 + rest)
        #expect(most.encoded().count == 524_288)
        #expect(try Block(decoding: most.encoded()) == most)
        #expect(throws: DecodeError.lengthOutOfBounds(length: 524_289, limit: 524_288)) {
            try Block(decoding: block(last: 40_001 + rest).encoded())
        }
        #expect(most.body.encodedByteCount == most.body.encoded().count)
    }

    /// So that every valid body fits beside every header.
    @Test func `SEC-20 the greatest header has the length that is left for it`() throws {
        var header = GoldenValues.header
        header.extra = [UInt8](repeating: 1, count: Limits.headerExtraBytesMax)
        #expect(header.encoded().count <= Limits.headerBytesMax)
        header.extra.append(1)
        #expect(throws: DecodeError.self) { try Header(decoding: header.encoded()) }
    }

    /// Verified once, verified for ever: so the name under which that is remembered must cover the
    /// signatures too.
    @Test func `SEC-06 the same content with other signatures is another transaction`() {
        let good = GoldenValues.signedTransaction
        let bad = SignedTransaction(
            transaction: good.transaction,
            signatures: good.signatures.map {
                TransactionSignature(
                    key: $0.key, signature: Signature($0.signature.bytes.reversed()))
            })
        let none = SignedTransaction(transaction: good.transaction, signatures: [])
        #expect(Set([good.id, bad.id, none.id]).count == 3)
    }

    @Test func `SEC-22 a validator set refuses keys that are no keys, and one key twice`() {
        func validator(_ bytes: [UInt8]) -> Validator { Validator(key: PublicKey(bytes), power: 1) }
        let good = GoldenValues.validators.validators[0]
        for byte in [0, 1] as [UInt8] {
            let bad = validator([byte] + [UInt8](repeating: 0, count: 31))
            #expect(throws: ValidatorSetError.invalidKey(bad.key)) {
                try ValidatorSet([good, bad])
            }
        }
        #expect(throws: ValidatorSetError.duplicateKey(good.key)) {
            try ValidatorSet([good, Validator(key: good.key, power: 9)])
        }
    }

    @Test func `evidence has one form`() throws {
        let evidence = GoldenValues.evidence
        let swapped = writer {
            $0.write(evidence.second)
            $0.write(evidence.first)
        }
        #expect(throws: DecodeError.invalidValue(type: "Evidence")) {
            try Evidence(decoding: swapped)
        }
        #expect(try Evidence(decoding: evidence.encoded()) == evidence)
    }

    @Test func `a validator set out of order is refused`() {
        let bytes = writer { $0.writeList(Array(GoldenValues.validators.validators.reversed())) }
        #expect(throws: DecodeError.invalidValue(type: "ValidatorSet")) {
            try ValidatorSet(decoding: bytes)
        }
    }

    @Test
    func `a validator set from outside has checked keys, and one of the state is not checked`()
        throws
    {
        let point = PublicKey([1] + [UInt8](repeating: 0, count: 31))
        let validators = [Validator(key: point, power: 1)]
        #expect(throws: ValidatorSetError.invalidKey(point)) { try ValidatorSet(validators) }
        let set = try ValidatorSet(trustingKeysOf: validators)
        #expect(throws: DecodeError.invalidValue(type: "ValidatorSet")) {
            try ValidatorSet(decoding: set.encoded())
        }
        #expect(try StoredValidatorSet(decoding: set.encoded()).set == set)
        let bytes = writer { $0.writeList(Array(GoldenValues.validators.validators.reversed())) }
        #expect(throws: DecodeError.invalidValue(type: "ValidatorSet")) {
            try StoredValidatorSet(decoding: bytes)
        }
    }

    @Test func `a certificate's bitmap has at most 32 bytes`() {
        var bytes = GoldenValues.certificate(.nullify).encoded()
        // Kind, epoch and view come before the bitmap's length.
        bytes[17] = 33
        #expect(throws: DecodeError.lengthOutOfBounds(length: 33, limit: 32)) {
            try Certificate(decoding: bytes)
        }
    }

    /// Every prefix of an encoding, and every encoding with one byte more.
    private func checkBorders<Value: CanonicalCodable>(_ value: Value) {
        let bytes = value.encoded()
        for count in 0..<bytes.count {
            #expect(throws: DecodeError.self) {
                try Value(decoding: Array(bytes[..<count]))
            }
        }
        #expect(throws: DecodeError.trailingBytes(count: 1)) {
            try Value(decoding: bytes + [0])
        }
    }

    @Test func `truncated bytes and trailing bytes are errors`() {
        checkBorders(GoldenValues.signedTransaction)
        checkBorders(GoldenValues.header)
        checkBorders(GoldenValues.vote(GoldenValues.notarize, signer: 0))
        checkBorders(GoldenValues.certificate(.nullify))
        checkBorders(GoldenValues.evidence)
        checkBorders(GoldenValues.receipt)
        checkBorders(GoldenValues.blockReceipt)
        checkBorders(GoldenValues.epochRecord)
        checkBorders(GoldenValues.offence)
        checkBorders(GoldenValues.entry)
        checkBorders(Action.submitProposal(GoldenValues.draft))
    }

    /// Random changes of valid bytes decode to a value with exactly these bytes, or to an error.
    private func fuzz<Value: CanonicalCodable>(_ value: Value, seed: UInt64) {
        var random = SeededNumbers(seed: seed)
        let original = value.encoded()
        for _ in 0..<300 {
            var bytes = original
            for _ in 0...Int.random(in: 0...3, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                bytes[index] = UInt8.random(in: 0 ... .max, using: &random)
            }
            if Bool.random(using: &random) {
                bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
            }
            if let decoded = try? Value(decoding: bytes) {
                #expect(decoded.encoded() == bytes, "one value has one encoding; seed \(seed)")
            }
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `no bytes have a second reading`(seed: UInt64) {
        fuzz(GoldenValues.signedTransaction, seed: seed)
        fuzz(GoldenValues.block, seed: seed)
        fuzz(GoldenValues.vote(GoldenValues.finalize, signer: 1), seed: seed)
        fuzz(GoldenValues.certificate(GoldenValues.finalize), seed: seed)
        fuzz(GoldenValues.evidence, seed: seed)
        fuzz(GoldenValues.receipt, seed: seed)
        fuzz(GoldenValues.blockReceipt, seed: seed)
        fuzz(GoldenValues.epochRecord, seed: seed)
        fuzz(GoldenValues.offence, seed: seed)
        fuzz(GoldenValues.genesis, seed: seed)
        fuzz(Action.submitProposal(GoldenValues.draft), seed: seed)
    }
}

/// Numbers that follow from a seed (SplitMix64).
private struct SeededNumbers: RandomNumberGenerator {
    private var value: UInt64

    init(seed: UInt64) {
        value = seed
    }

    mutating func next() -> UInt64 {
        value &+= 0x9E37_79B9_7F4A_7C15
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
