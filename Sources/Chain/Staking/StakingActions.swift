import Codec
import Cryptography

/// A consensus key with the proof that its secret is known: a signature over
/// `GenesisEntry.proofBytes`.
public struct ProvenKey: CanonicalCodable, Hashable, Sendable {
    public let key: PublicKey
    public let proof: Signature

    public init(key: PublicKey, proof: Signature) {
        self.key = key
        self.proof = proof
    }

    /// Proves the possession of a key.
    public init(
        _ key: borrowing SigningKey, chainID: ChainID, operatorAddress: Address
    ) {
        self.key = key.publicKey
        proof = key.sign(
            GenesisEntry.proofBytes(
                chainID: chainID, operatorAddress: operatorAddress, key: key.publicKey))
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        key = try PublicKey(from: &reader)
        proof = try Signature(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(key)
        writer.write(proof)
    }

    public func isValid(chainID: ChainID, operatorAddress: Address) -> Bool {
        key.isValid(
            proof,
            for: GenesisEntry.proofBytes(
                chainID: chainID, operatorAddress: operatorAddress, key: key))
    }
}

/// Who a validator is and where its node listens.
public struct ValidatorProfile: CanonicalCodable, Hashable, Sendable {
    public static let websiteBytesMax = 128
    public static let contactBytesMax = 128

    public var networkKey: PublicKey
    /// `host:port`, or empty.
    public var endpoint: String
    /// The name that people see.
    public var moniker: String
    /// May be empty.
    public var website: String
    /// May be empty.
    public var contact: String

    public init(
        networkKey: PublicKey, endpoint: String, moniker: String, website: String = "",
        contact: String = ""
    ) {
        self.networkKey = networkKey
        self.endpoint = endpoint
        self.moniker = moniker
        self.website = website
        self.contact = contact
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        networkKey = try PublicKey(from: &reader)
        endpoint = try reader.readString(limit: GenesisEntry.endpointBytesMax)
        moniker = try reader.readString(limit: GenesisEntry.monikerBytesMax)
        website = try reader.readString(limit: ValidatorProfile.websiteBytesMax)
        contact = try reader.readString(limit: ValidatorProfile.contactBytesMax)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(networkKey)
        writer.writeString(endpoint)
        writer.writeString(moniker)
        writer.writeString(website)
        writer.writeString(contact)
    }

    /// The first field that is not well formed, with what is wrong; nil if all are.
    public var problem: (field: String, message: String)? {
        if !networkKey.isMainSubgroupPoint { return ("networkKey", "is not a valid Ed25519 key") }
        if !isEndpoint(endpoint) { return ("endpoint", "is not host:port") }
        if !isPlainText(moniker, bytesMax: GenesisEntry.monikerBytesMax) {
            return ("moniker", "must have 1 to 64 bytes, no control characters")
        }
        for (name, text) in [("website", website), ("contact", contact)]
        where !text.isEmpty && !isPlainText(text, bytesMax: ValidatorProfile.websiteBytesMax) {
            return (name, "must have no control characters")
        }
        return nil
    }
}

/// A new validator; the account that sends it becomes the operator.
public struct ValidatorDraft: CanonicalCodable, Hashable, Sendable {
    public let consensusKey: ProvenKey
    public let profile: ValidatorProfile
    /// In basis points.
    public let commission: UInt16
    /// The first deposit into its pool.
    public let selfBond: Amount

    public init(
        consensusKey: ProvenKey, profile: ValidatorProfile, commission: UInt16, selfBond: Amount
    ) {
        self.consensusKey = consensusKey
        self.profile = profile
        self.commission = commission
        self.selfBond = selfBond
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        consensusKey = try ProvenKey(from: &reader)
        profile = try ValidatorProfile(from: &reader)
        commission = try reader.readUInt16()
        selfBond = try Amount(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(consensusKey)
        writer.write(profile)
        writer.write(commission)
        writer.write(selfBond)
    }
}

/// What an operator changes; nil leaves it.
public struct ValidatorEdit: CanonicalCodable, Hashable, Sendable {
    public let profile: ValidatorProfile?
    /// In basis points.
    public let commission: UInt16?

    public init(profile: ValidatorProfile? = nil, commission: UInt16? = nil) {
        self.profile = profile
        self.commission = commission
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        profile = try reader.readOptional()
        commission = try reader.readOptional()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.writeOptional(profile)
        writer.writeOptional(commission)
    }
}

/// What accounts do with stake. Every action acts on the sender's own stake, or on the validator
/// whose operator the sender is.
public enum StakingAction: CanonicalCodable, Hashable, Sendable {
    case createValidator(ValidatorDraft)
    case editValidator(ValidatorEdit)
    case unjail
    /// Gives up for good: the self-bond unbonds.
    case leave
    case rotateKey(ProvenKey)
    case delegate(validator: Address, amount: Amount)
    case undelegate(from: StakePlace, amount: StakeAmount)
    /// Takes back an exit before it is paid.
    case cancel(BucketID, amount: StakeAmount)
    case redelegate(from: StakePlace, to: Address, amount: StakeAmount)
    case setMode(validator: Address, StakeMode)
    /// Pays the rewards of all positions that are paid them.
    case claim
    /// Pays what a slash had cut of the sender's stake, after holders decided to return it.
    case claimReturn(EscrowID)

    public init(from reader: inout ByteReader) throws(DecodeError) {
        switch try reader.readULEB128() {
        case 0: self = .createValidator(try ValidatorDraft(from: &reader))
        case 1: self = .editValidator(try ValidatorEdit(from: &reader))
        case 2: self = .unjail
        case 3: self = .leave
        case 4: self = .rotateKey(try ProvenKey(from: &reader))
        case 5:
            self = .delegate(
                validator: try Address(from: &reader), amount: try Amount(from: &reader))
        case 6:
            self = .undelegate(
                from: try StakePlace(from: &reader), amount: try StakeAmount(from: &reader))
        case 7:
            self = .cancel(try BucketID(from: &reader), amount: try StakeAmount(from: &reader))
        case 8:
            self = .redelegate(
                from: try StakePlace(from: &reader), to: try Address(from: &reader),
                amount: try StakeAmount(from: &reader))
        case 9:
            self = .setMode(
                validator: try Address(from: &reader), try StakeMode(from: &reader))
        case 10: self = .claim
        case 11: self = .claimReturn(try EscrowID(from: &reader))
        case let tag: throw .unknownTag(type: "StakingAction", tag: UInt64(tag))
        }
    }

    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .createValidator(let draft):
            writer.writeULEB128(0)
            writer.write(draft)
        case .editValidator(let edit):
            writer.writeULEB128(1)
            writer.write(edit)
        case .unjail: writer.writeULEB128(2)
        case .leave: writer.writeULEB128(3)
        case .rotateKey(let key):
            writer.writeULEB128(4)
            writer.write(key)
        case .delegate(let validator, let amount):
            writer.writeULEB128(5)
            writer.write(validator)
            writer.write(amount)
        case .undelegate(let place, let amount):
            writer.writeULEB128(6)
            writer.write(place)
            writer.write(amount)
        case .cancel(let bucket, let amount):
            writer.writeULEB128(7)
            writer.write(bucket)
            writer.write(amount)
        case .redelegate(let place, let validator, let amount):
            writer.writeULEB128(8)
            writer.write(place)
            writer.write(validator)
            writer.write(amount)
        case .setMode(let validator, let mode):
            writer.writeULEB128(9)
            writer.write(validator)
            writer.write(mode)
        case .claim: writer.writeULEB128(10)
        case .claimReturn(let escrow):
            writer.writeULEB128(11)
            writer.write(escrow)
        }
    }

    /// The action's name in the API and in messages.
    public var name: String {
        switch self {
        case .createValidator: "createValidator"
        case .editValidator: "editValidator"
        case .unjail: "unjail"
        case .leave: "leaveValidator"
        case .rotateKey: "rotateKey"
        case .delegate: "delegate"
        case .undelegate: "undelegate"
        case .cancel: "cancelUnbonding"
        case .redelegate: "redelegate"
        case .setMode: "setStakeMode"
        case .claim: "claimStake"
        case .claimReturn: "claimReturn"
        }
    }
}
