import Codec
import Cryptography

/// What an account asks of the ledger: actions that happen in order, all or none.
public struct Transaction: CanonicalCodable, Hashable, Sendable {
    public var chainID: ChainID
    public var sender: Address
    /// The next number of the sender's lane.
    public var sequence: UInt64
    /// Sequences count per (sender, lane), so that independent transactions need not wait for one
    /// another.
    public var lane: UInt16
    /// The last height at which a block may contain the transaction.
    public var validUntil: Height
    /// The fee if all of `gasLimit` is used, in native base units; their quotient is the price.
    public var maxFee: Amount
    public var gasLimit: UInt64
    /// Who pays the fee, if not the sender; signs too.
    public var feePayer: Address?
    /// 1 to 64.
    public var actions: [Action]
    /// At most 256 bytes.
    public var memo: [UInt8]

    public init(
        chainID: ChainID, sender: Address, sequence: UInt64, lane: UInt16 = 0, validUntil: Height,
        maxFee: Amount, gasLimit: UInt64, feePayer: Address? = nil, actions: [Action],
        memo: [UInt8] = []
    ) {
        self.chainID = chainID
        self.sender = sender
        self.sequence = sequence
        self.lane = lane
        self.validUntil = validUntil
        self.maxFee = maxFee
        self.gasLimit = gasLimit
        self.feePayer = feePayer
        self.actions = actions
        self.memo = memo
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        chainID = try ChainID(from: &reader)
        sender = try Address(from: &reader)
        sequence = try reader.readUInt64()
        lane = try reader.readUInt16()
        validUntil = try Height(from: &reader)
        maxFee = try Amount(from: &reader)
        gasLimit = try reader.readUInt64()
        feePayer = try reader.readOptional()
        actions = try reader.readList(limit: Limits.transactionActionsMax)
        guard !actions.isEmpty else { throw .invalidValue(type: "Transaction.actions") }
        memo = try reader.readByteVector(limit: Limits.memoBytesMax)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(chainID)
        writer.write(sender)
        writer.write(sequence)
        writer.write(lane)
        writer.write(validUntil)
        writer.write(maxFee)
        writer.write(gasLimit)
        writer.writeOptional(feePayer)
        writer.writeList(actions)
        writer.writeByteVector(memo)
    }

    /// What the sender signs: `H("alt.tx.v1", genesis hash ‖ BCS(transaction))`.
    public func signBytes(genesisHash: Digest) -> [UInt8] {
        var hasher = TaggedHasher(.transaction)
        hasher.update(genesisHash)
        hasher.update(encoded())
        return hasher.finalize().bytes
    }
}

/// A key, carried with every signature because an address is a hash, and its signature.
public struct TransactionSignature: CanonicalCodable, Hashable, Sendable {
    public static let encodedByteCount = 32 + 64

    public let key: PublicKey
    public let signature: Signature

    public init(key: PublicKey, signature: Signature) {
        self.key = key
        self.signature = signature
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        key = try PublicKey(from: &reader)
        signature = try Signature(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(key)
        writer.write(signature)
    }
}

/// A transaction with its signatures: the keys of the sender's authority in its order, then the fee
/// payer's.
public struct SignedTransaction: CanonicalCodable, Hashable, Sendable {
    public let transaction: Transaction
    public let signatures: [TransactionSignature]
    /// `H("alt.txid.v1", BCS(signed transaction))`; computed once.
    public let id: Digest
    /// The length of the encoding in bytes.
    public let encodedByteCount: Int

    public init(transaction: Transaction, signatures: [TransactionSignature]) {
        self.transaction = transaction
        self.signatures = signatures
        var writer = ByteWriter(capacity: 256)
        writer.write(transaction)
        writer.writeList(signatures)
        id = Digest(.transactionID, writer.bytes)
        encodedByteCount = writer.bytes.count
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let start = reader.offset
        transaction = try Transaction(from: &reader)
        signatures = try reader.readList(
            limit: Limits.transactionSignaturesMax, minimumElementSize: 96)
        guard reader.offset - start <= Limits.transactionBytesMax else {
            throw .lengthOutOfBounds(
                length: UInt64(reader.offset - start), limit: Limits.transactionBytesMax)
        }
        let bytes = reader.bytesRead(since: start)
        id = Digest(.transactionID, bytes)
        encodedByteCount = bytes.count
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(transaction)
        writer.writeList(signatures)
    }
}
