import Chain
import Codec
import Cryptography

/// What the engine itself sends to validators; everything in it was verified.
public enum Message: Hashable, Sendable {
    case vote(Verified<Vote>)
    /// Full or partial.
    case certificate(Verified<Certificate>)
}

/// A leader's proposal on the wire (2.20). Its notarize vote is its signature; the justification is
/// advice that no signature covers.
public struct BlockProposal: CanonicalCodable, Hashable, Sendable {
    public static let bodyBytesMax = Limits.bodyBytesMax
    public static let certificatesMax = 256

    /// What travels with the leader's vote; raw values are the flags on the wire.
    public enum Form: UInt8, CaseIterable, Sendable {
        /// The header and the whole body.
        case whole = 0
        /// The boundary block again, which everybody has.
        case reproposal = 1
        /// The header and a `CompactBody`.
        case compact = 2
    }

    public let vote: Vote
    public let form: Form
    /// nil in a re-proposal, which has no body either.
    public let header: Header?
    /// The encoded body, a `BlockBody` or a `CompactBody`.
    public let body: [UInt8]
    public let justification: [Certificate]

    /// - Parameter header: nil in a re-proposal.
    public init(
        vote: Vote, header: Header?, body: [UInt8], isCompact: Bool = false,
        justification: [Certificate]
    ) {
        precondition(vote.kind == .notarize, "a proposal is signed by a notarize vote")
        precondition(header != nil || body.isEmpty, "a re-proposal has no body")
        precondition(header != nil || !isCompact, "a re-proposal has no form of its body")
        self.vote = vote
        form = header == nil ? .reproposal : isCompact ? .compact : .whole
        self.header = header
        self.body = body
        self.justification = justification
    }

    public var isReproposal: Bool { form == .reproposal }
    public var isCompact: Bool { form == .compact }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        vote = try Vote(from: &reader)
        guard vote.kind == .notarize else { throw .invalidValue(type: "BlockProposal") }
        let flags = try reader.readUInt8()
        guard let form = Form(rawValue: flags) else {
            throw .unknownTag(type: "BlockProposal", tag: UInt64(flags))
        }
        self.form = form
        let headerBytes = try reader.readByteVector(limit: Limits.headerBytesMax)
        body = try reader.readByteVector(limit: BlockProposal.bodyBytesMax)
        if form == .reproposal {
            guard headerBytes.isEmpty, body.isEmpty else {
                throw .invalidValue(type: "BlockProposal")
            }
            header = nil
        } else {
            header = try Header(decoding: headerBytes)
        }
        let start = reader.offset
        justification = try reader.readList(
            limit: BlockProposal.certificatesMax, minimumElementSize: 18)
        guard reader.offset - start <= Limits.justificationBytesMax + 4 else {
            throw .lengthOutOfBounds(
                length: UInt64(reader.offset - start), limit: Limits.justificationBytesMax)
        }
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(vote)
        writer.write(form.rawValue)
        writer.writeByteVector(header?.encoded() ?? [])
        writer.writeByteVector(body)
        writer.writeList(justification)
    }
}

/// Asks for a block by its hash.
public struct BlockRequest: CanonicalCodable, Hashable, Sendable {
    public let hash: Digest

    public init(hash: Digest) {
        self.hash = hash
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        hash = try Digest(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(hash)
    }
}

/// A block's bytes (header and body), or nil for "not here". It proves itself: the header must hash
/// to what was asked.
public struct BlockResponse: CanonicalCodable, Hashable, Sendable {
    public let hash: Digest
    public let block: [UInt8]?

    public init(hash: Digest, block: [UInt8]?) {
        self.hash = hash
        self.block = block
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        hash = try Digest(from: &reader)
        block =
            try reader.readBool()
            ? try reader.readByteVector(limit: Limits.blockBytesMax) : nil
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(hash)
        writer.write(block != nil)
        if let block {
            writer.writeByteVector(block)
        }
    }
}

/// Asks for certificates of one view (2.3).
public struct CertificateRequest: CanonicalCodable, Hashable, Sendable {
    public enum Want: UInt8, CaseIterable, Sendable {
        /// Whatever is held of the view; a notarization and a nullification if both are.
        case any = 0
        case notarization = 1
        case nullification = 2
        /// A finalization of this view or of a later one, with its header.
        case finalization = 3
        /// The certificate of the highest view, of any kind, and the last finalization with its
        /// header.
        case highest = 4
    }

    public let epoch: Epoch
    public let view: View
    public let want: Want

    public init(epoch: Epoch, view: View, want: Want) {
        self.epoch = epoch
        self.view = view
        self.want = want
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        epoch = try Epoch(from: &reader)
        view = try View(from: &reader)
        let tag = try reader.readUInt8()
        guard let want = Want(rawValue: tag) else {
            throw .unknownTag(type: "CertificateRequest", tag: UInt64(tag))
        }
        self.want = want
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(epoch)
        writer.write(view)
        writer.write(want.rawValue)
    }

    /// Whether a certificate of this kind, of the view itself, is what was asked for.
    public func names(_ kind: VoteKind) -> Bool {
        switch want {
        case .any: kind != .finalize
        case .notarization: kind == .notarize
        case .nullification: kind == .nullify
        case .finalization, .highest: false
        }
    }
}

/// The answer to a `CertificateRequest`, which it repeats; none at all means "not here", which is
/// no fault.
public struct CertificateResponse: CanonicalCodable, Hashable, Sendable {
    public static let certificatesMax = 2

    public let request: CertificateRequest
    public let certificates: [Certificate]
    /// The header that the finalization among the certificates names.
    public let header: Header?

    public init(request: CertificateRequest, certificates: [Certificate], header: Header?) {
        precondition(certificates.count <= CertificateResponse.certificatesMax, "at most two")
        self.request = request
        self.certificates = certificates
        self.header = header
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        request = try CertificateRequest(from: &reader)
        certificates = try reader.readList(
            limit: CertificateResponse.certificatesMax, minimumElementSize: 18)
        header = try reader.readOptional()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(request)
        writer.writeList(certificates)
        writer.writeOptional(header)
    }
}

/// Asks for the final blocks of the heights `first...last`, fewer than 33 of them.
public struct RangeRequest: CanonicalCodable, Hashable, Sendable {
    public let first: Height
    public let last: Height

    /// nil unless the range has 1 to 32 heights.
    public init?(first: Height, last: Height) {
        guard first <= last, last.value - first.value < Limits.rangeBlocksMax else { return nil }
        self.first = first
        self.last = last
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let first = try Height(from: &reader)
        let last = try Height(from: &reader)
        guard let request = RangeRequest(first: first, last: last) else {
            throw .invalidValue(type: "RangeRequest")
        }
        self = request
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(first)
        writer.write(last)
    }
}

/// Blocks from `first` on, as many as fit (none: not here), the first finalization held at or above
/// the last of them, and the headers from the one after the last block up to the finalized one.
public struct RangeResponse: CanonicalCodable, Hashable, Sendable {
    /// A finalization is seldom further than the unfinalized depth.
    public static let headersMax = 1_024

    public let first: Height
    /// Encoded blocks.
    public let blocks: [[UInt8]]
    public let finalization: Certificate?
    public let headers: [Header]

    public init(
        first: Height, blocks: [[UInt8]], finalization: Certificate?, headers: [Header]
    ) {
        self.first = first
        self.blocks = blocks
        self.finalization = finalization
        self.headers = headers
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        first = try Height(from: &reader)
        let count = try reader.readLength(
            limit: Int(Limits.rangeBlocksMax), minimumElementSize: 1)
        var blocks: [[UInt8]] = []
        var size = 0
        for _ in 0..<count {
            let block = try reader.readByteVector(limit: Limits.blockBytesMax)
            size += block.count
            guard size <= Limits.rangeBytesMax else {
                throw .lengthOutOfBounds(length: UInt64(size), limit: Limits.rangeBytesMax)
            }
            blocks.append(block)
        }
        self.blocks = blocks
        finalization = try reader.readOptional()
        headers = try reader.readList(limit: RangeResponse.headersMax, minimumElementSize: 300)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(first)
        writer.writeLength(blocks.count)
        for block in blocks {
            writer.writeByteVector(block)
        }
        writer.writeOptional(finalization)
        writer.writeList(headers)
    }
}

/// Tells a peer that votes in an older epoch how that epoch ended (2.13).
public struct EpochHint: CanonicalCodable, Hashable, Sendable {
    public let finalization: Certificate
    public let header: Header

    public init(finalization: Certificate, header: Header) {
        self.finalization = finalization
        self.header = header
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        finalization = try Certificate(from: &reader)
        header = try Header(from: &reader)
        guard finalization.kind == .finalize, !finalization.isPartial,
            finalization.epoch == header.epoch
        else {
            throw .invalidValue(type: "EpochHint")
        }
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(finalization)
        writer.write(header)
    }
}
