import Codec
import Cryptography

public enum VoteKind: UInt8, CaseIterable, Comparable, Sendable {
    case notarize = 1
    case nullify = 2
    case finalize = 3

    public static func < (a: VoteKind, b: VoteKind) -> Bool { a.rawValue < b.rawValue }
}

/// What a notarize or finalize vote names: a block, and the view of the parent that it builds on
/// (the pair (p, h) of the protocol's text).
public struct Candidate: CanonicalCodable, Hashable, Sendable {
    public let parentView: View
    public let blockHash: Digest

    public init(parentView: View, blockHash: Digest) {
        self.parentView = parentView
        self.blockHash = blockHash
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        parentView = try View(from: &reader)
        blockHash = try Digest(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(parentView)
        writer.write(blockHash)
    }
}

/// What a vote says about its view.
public enum Statement: Hashable, Sendable {
    case notarize(Candidate)
    case nullify
    case finalize(Candidate)

    public init?(kind: VoteKind, candidate: Candidate?) {
        switch (kind, candidate) {
        case (.notarize, .some(let candidate)): self = .notarize(candidate)
        case (.nullify, .none): self = .nullify
        case (.finalize, .some(let candidate)): self = .finalize(candidate)
        case (.notarize, .none), (.nullify, .some), (.finalize, .none): return nil
        }
    }

    public var kind: VoteKind {
        switch self {
        case .notarize: .notarize
        case .nullify: .nullify
        case .finalize: .finalize
        }
    }

    public var candidate: Candidate? {
        switch self {
        case .notarize(let candidate), .finalize(let candidate): candidate
        case .nullify: nil
        }
    }

    /// The bytes under a signature: 96 for notarize and finalize, 56 for nullify
    /// (consensus.md 2.2).
    public func signBytes(instance: Digest, view: View) -> [UInt8] {
        var writer = ByteWriter(capacity: 96)
        switch self {
        case .notarize: writer.writeBytes(Domain.notarize.bytes)
        case .nullify: writer.writeBytes(Domain.nullify.bytes)
        case .finalize: writer.writeBytes(Domain.finalize.bytes)
        }
        writer.write(instance)
        writer.write(view)
        if let candidate {
            writer.write(candidate)
        }
        return writer.bytes
    }
}

/// A validator's signed statement about one view.
///
/// The epoch on the wire is a lookup key; the signature covers the instance id.
public struct Vote: CanonicalCodable, Hashable, Sendable {
    public let epoch: Epoch
    public let view: View
    public let signer: UInt16
    public let statement: Statement
    public let signature: Signature

    public init(
        epoch: Epoch, view: View, signer: UInt16, statement: Statement, signature: Signature
    ) {
        self.epoch = epoch
        self.view = view
        self.signer = signer
        self.statement = statement
        self.signature = signature
    }

    public var kind: VoteKind { statement.kind }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let tag = try reader.readUInt8()
        guard let kind = VoteKind(rawValue: tag) else {
            throw .unknownTag(type: "VoteKind", tag: UInt64(tag))
        }
        epoch = try Epoch(from: &reader)
        view = try View(from: &reader)
        signer = try reader.readUInt16()
        switch kind {
        case .notarize: statement = .notarize(try Candidate(from: &reader))
        case .nullify: statement = .nullify
        case .finalize: statement = .finalize(try Candidate(from: &reader))
        }
        signature = try Signature(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(statement.kind.rawValue)
        writer.write(epoch)
        writer.write(view)
        writer.write(signer)
        if let candidate = statement.candidate {
            writer.write(candidate)
        }
        writer.write(signature)
    }
}
