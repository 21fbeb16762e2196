import Codec
import Cryptography

/// What an account, or the treasury, gets of a new asset.
public struct AssetAllotment: CanonicalCodable, Hashable, Sendable {
    public let recipient: Address
    public let amount: Amount

    public init(recipient: Address, amount: Amount) {
        self.recipient = recipient
        self.amount = amount
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        recipient = try Address(from: &reader)
        amount = try Amount(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(recipient)
        writer.write(amount)
    }
}

/// Who may add to the supply of an asset.
public enum MintAuthority: UInt8, CanonicalCodable, Hashable, Sendable {
    /// Nobody: the supply can only fall.
    case none = 0
    /// A proposal.
    case governance = 1

    public var name: String {
        switch self {
        case .none: "none"
        case .governance: "governance"
        }
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let tag = try reader.readUInt8()
        guard let authority = MintAuthority(rawValue: tag) else {
            throw .unknownTag(type: "MintAuthority", tag: UInt64(tag))
        }
        self = authority
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(rawValue)
    }
}

/// A new asset with its first supply.
public struct AssetCreation: CanonicalCodable, Hashable, Sendable {
    public static let nameBytesMax = 64
    public static let allotmentsMax = 16

    /// For people.
    public let name: String
    public let asset: Asset
    public let mintAuthority: MintAuthority
    /// At most 16, which sum to the first supply.
    public let allotments: [AssetAllotment]

    public init(
        name: String, asset: Asset, mintAuthority: MintAuthority, allotments: [AssetAllotment]
    ) {
        self.name = name
        self.asset = asset
        self.mintAuthority = mintAuthority
        self.allotments = allotments
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        name = try reader.readString(limit: AssetCreation.nameBytesMax)
        asset = try Asset(from: &reader)
        mintAuthority = try MintAuthority(from: &reader)
        allotments = try reader.readList(
            limit: AssetCreation.allotmentsMax, minimumElementSize: 40)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.writeString(name)
        writer.write(asset)
        writer.write(mintAuthority)
        writer.writeList(allotments)
    }
}

/// More tokens of an asset that governance may mint.
public struct AssetMint: CanonicalCodable, Hashable, Sendable {
    public let asset: AssetID
    public let amount: Amount
    /// An account, or the treasury.
    public let recipient: Address

    public init(asset: AssetID, amount: Amount, recipient: Address) {
        self.asset = asset
        self.amount = amount
        self.recipient = recipient
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        asset = try AssetID(from: &reader)
        amount = try Amount(from: &reader)
        recipient = try Address(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(asset)
        writer.write(amount)
        writer.write(recipient)
    }

    /// As the row of spends counts it.
    public var payment: TreasuryPayment {
        TreasuryPayment(recipient: recipient, asset: asset, amount: amount)
    }
}

/// What the state keeps of an asset that a proposal made, besides its symbol and decimals.
public struct AssetRecord: CanonicalCodable, Hashable, Sendable {
    public let name: String
    public let mintAuthority: MintAuthority
    /// The decision that made it.
    public let proposal: ProposalID

    public init(name: String, mintAuthority: MintAuthority, proposal: ProposalID) {
        self.name = name
        self.mintAuthority = mintAuthority
        self.proposal = proposal
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        name = try reader.readString(limit: AssetCreation.nameBytesMax)
        mintAuthority = try MintAuthority(from: &reader)
        proposal = try ProposalID(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.writeString(name)
        writer.write(mintAuthority)
        writer.write(proposal)
    }
}
