import Codec
import Cryptography

/// Which validators signed: one bit each, bit `i` of byte `⌊i/8⌋`, least significant first.
public struct SignerBitmap: CanonicalCodable, Hashable, Sendable {
    public private(set) var bytes: [UInt8]

    /// No signer yet of a set of `count` validators.
    public init(count: Int) {
        bytes = [UInt8](repeating: 0, count: (count + 7) / 8)
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let length = Int(try reader.readUInt8())
        guard length <= Limits.validatorsMax / 8 else {
            throw .lengthOutOfBounds(length: UInt64(length), limit: Limits.validatorsMax / 8)
        }
        bytes = try reader.readBytes(count: length)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(UInt8(bytes.count))
        writer.writeBytes(bytes)
    }

    public mutating func insert(_ signer: UInt16) {
        let index = Int(signer)
        precondition(index / 8 < bytes.count, "the signer is in the set: \(signer)")
        bytes[index / 8] |= 1 << UInt8(index % 8)
    }

    public mutating func remove(_ signer: UInt16) {
        let index = Int(signer)
        precondition(index / 8 < bytes.count, "the signer is in the set: \(signer)")
        bytes[index / 8] &= ~(1 << UInt8(index % 8))
    }

    public func contains(_ signer: UInt16) -> Bool {
        let index = Int(signer)
        guard index / 8 < bytes.count else { return false }
        return bytes[index / 8] & (1 << UInt8(index % 8)) != 0
    }

    /// Adds the signers of another bitmap of the same set.
    public mutating func formUnion(_ other: SignerBitmap) {
        precondition(bytes.count == other.bytes.count, "bitmaps of one set have one length")
        for index in bytes.indices {
            bytes[index] |= other.bytes[index]
        }
    }

    public var signerCount: Int {
        bytes.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    /// The signers in ascending order.
    public var signers: [UInt16] {
        (0..<bytes.count * 8).map { UInt16($0) }.filter { contains($0) }
    }

    /// Whether the length is exactly that of a set of `count` validators and no bit lies beyond.
    public func fits(count: Int) -> Bool {
        guard bytes.count == (count + 7) / 8 else { return false }
        guard count % 8 != 0, let last = bytes.last else { return true }
        return last >> UInt8(count % 8) == 0
    }
}

/// The signatures of validators under one statement about one view: a quorum, or with `isPartial`
/// what a node has below it (exchanged in standstill only).
public struct Certificate: CanonicalCodable, Hashable, Sendable {
    public let epoch: Epoch
    public let view: View
    public let statement: Statement
    public let isPartial: Bool
    public let bitmap: SignerBitmap
    /// In the order of the signers' indices.
    public let signatures: [Signature]

    public init(
        epoch: Epoch, view: View, statement: Statement, isPartial: Bool, bitmap: SignerBitmap,
        signatures: [Signature]
    ) {
        precondition(bitmap.signerCount == signatures.count, "each signer has one signature")
        self.epoch = epoch
        self.view = view
        self.statement = statement
        self.isPartial = isPartial
        self.bitmap = bitmap
        self.signatures = signatures
    }

    public var kind: VoteKind { statement.kind }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let tag = try reader.readUInt8()
        guard tag & 0xF0 == 0x10 || tag & 0xF0 == 0x20, let kind = VoteKind(rawValue: tag & 0x0F)
        else {
            throw .unknownTag(type: "Certificate", tag: UInt64(tag))
        }
        isPartial = tag & 0xF0 == 0x20
        epoch = try Epoch(from: &reader)
        view = try View(from: &reader)
        switch kind {
        case .notarize: statement = .notarize(try Candidate(from: &reader))
        case .nullify: statement = .nullify
        case .finalize: statement = .finalize(try Candidate(from: &reader))
        }
        bitmap = try SignerBitmap(from: &reader)
        let count = bitmap.signerCount
        guard count * 64 <= reader.remaining else {
            throw .truncated(needed: count * 64, available: reader.remaining)
        }
        var signatures: [Signature] = []
        signatures.reserveCapacity(count)
        for _ in 0..<count {
            signatures.append(try Signature(from: &reader))
        }
        self.signatures = signatures
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(statement.kind.rawValue | (isPartial ? 0x20 : 0x10))
        writer.write(epoch)
        writer.write(view)
        if let candidate = statement.candidate {
            writer.write(candidate)
        }
        writer.write(bitmap)
        for signature in signatures {
            writer.write(signature)
        }
    }

    /// The power behind the certificate, or nil if its bitmap is not one of this set's.
    public func power(in validators: ValidatorSet) -> UInt64? {
        guard bitmap.fits(count: validators.count) else { return nil }
        var power: UInt64 = 0
        for signer in bitmap.signers {
            guard let validator = validators.validator(at: signer) else { return nil }
            power += validator.power
        }
        return power
    }

    /// What the named of its signers have signed, as a partial certificate; nil if it has none of
    /// them.
    public func part(of isNamed: (UInt16) -> Bool) -> Certificate? {
        var bitmap = bitmap
        var signatures: [Signature] = []
        for (signer, signature) in zip(self.bitmap.signers, self.signatures) {
            if isNamed(signer) {
                signatures.append(signature)
            } else {
                bitmap.remove(signer)
            }
        }
        guard !signatures.isEmpty else { return nil }
        return Certificate(
            epoch: epoch, view: view, statement: statement, isPartial: true, bitmap: bitmap,
            signatures: signatures)
    }

    /// The votes that the certificate is made of.
    public var votes: [Vote] {
        zip(bitmap.signers, signatures).map { signer, signature in
            Vote(
                epoch: epoch, view: view, signer: signer, statement: statement,
                signature: signature)
        }
    }
}
