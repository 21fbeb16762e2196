import Codec
import Cryptography

/// A validator's entry for a genesis: a file that its operator makes and signs alone, and that
/// strangers can exchange. Its signatures bind the chain's name, since the genesis hash is not
/// known yet.
public struct GenesisEntry: CanonicalCodable, Hashable, Sendable {
    public static let endpointBytesMax = 128
    public static let monikerBytesMax = 64
    public static let commissionMax: UInt16 = 10_000

    /// The key of the operator's account: cold, it signs the entry.
    public let operatorKey: PublicKey
    /// Signs votes; hot.
    public let consensusKey: PublicKey
    /// By the consensus key, over `proofBytes`.
    public let proofOfPossession: Signature
    /// The identity of the validator's node towards its peers.
    public let networkKey: PublicKey
    /// `host:port`, or empty if the node does not publish where it listens.
    public let endpoint: String
    /// The name that people see.
    public let moniker: String
    /// May be empty.
    public let website: String
    /// May be empty.
    public let contact: String
    /// In basis points.
    public let commission: UInt16
    /// In base units of the native asset; new tokens, beside the operator's balance.
    public let selfBond: Amount
    /// By the operator's key, over `signBytes`.
    public let signature: Signature

    public init(
        operatorKey: PublicKey, consensusKey: PublicKey, proofOfPossession: Signature,
        networkKey: PublicKey, endpoint: String, moniker: String, website: String = "",
        contact: String = "", commission: UInt16, selfBond: Amount, signature: Signature
    ) {
        self.operatorKey = operatorKey
        self.consensusKey = consensusKey
        self.proofOfPossession = proofOfPossession
        self.networkKey = networkKey
        self.endpoint = endpoint
        self.moniker = moniker
        self.website = website
        self.contact = contact
        self.commission = commission
        self.selfBond = selfBond
        self.signature = signature
    }

    /// Makes and signs an entry.
    public init(
        chainID: ChainID, operatorKey: borrowing SigningKey, consensusKey: borrowing SigningKey,
        networkKey: PublicKey, endpoint: String, moniker: String, website: String = "",
        contact: String = "", commission: UInt16, selfBond: Amount
    ) {
        let account = Address(operatorKey.publicKey)
        let proof = consensusKey.sign(
            GenesisEntry.proofBytes(
                chainID: chainID, operatorAddress: account, key: consensusKey.publicKey))
        let unsigned = GenesisEntry(
            operatorKey: operatorKey.publicKey, consensusKey: consensusKey.publicKey,
            proofOfPossession: proof, networkKey: networkKey, endpoint: endpoint,
            moniker: moniker, website: website, contact: contact, commission: commission,
            selfBond: selfBond, signature: proof)
        self.init(
            operatorKey: unsigned.operatorKey, consensusKey: unsigned.consensusKey,
            proofOfPossession: proof, networkKey: networkKey, endpoint: endpoint,
            moniker: moniker, website: website, contact: contact, commission: commission,
            selfBond: selfBond, signature: operatorKey.sign(unsigned.signBytes(chainID: chainID)))
    }

    public var operatorAddress: Address { Address(operatorKey) }

    /// Who the validator is from the first block on.
    public var profile: ValidatorProfile {
        ValidatorProfile(
            networkKey: networkKey, endpoint: endpoint, moniker: moniker, website: website,
            contact: contact)
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        operatorKey = try PublicKey(from: &reader)
        consensusKey = try PublicKey(from: &reader)
        proofOfPossession = try Signature(from: &reader)
        networkKey = try PublicKey(from: &reader)
        endpoint = try reader.readString(limit: GenesisEntry.endpointBytesMax)
        moniker = try reader.readString(limit: GenesisEntry.monikerBytesMax)
        website = try reader.readString(limit: ValidatorProfile.websiteBytesMax)
        contact = try reader.readString(limit: ValidatorProfile.contactBytesMax)
        commission = try reader.readUInt16()
        selfBond = try Amount(from: &reader)
        signature = try Signature(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        encodeUnsigned(into: &writer)
        writer.write(signature)
    }

    private func encodeUnsigned(into writer: inout ByteWriter) {
        writer.write(operatorKey)
        writer.write(consensusKey)
        writer.write(proofOfPossession)
        writer.write(networkKey)
        writer.writeString(endpoint)
        writer.writeString(moniker)
        writer.writeString(website)
        writer.writeString(contact)
        writer.write(commission)
        writer.write(selfBond)
    }

    /// What the operator signs: `H("alt.entry.v1", chain ‖ entry without its signature)`.
    public func signBytes(chainID: ChainID) -> [UInt8] {
        var writer = ByteWriter(capacity: 320)
        writer.write(chainID)
        encodeUnsigned(into: &writer)
        return Digest(.genesisEntry, writer.bytes).bytes
    }

    /// What a consensus key signs to show that its secret is known:
    /// `H("alt.pop.v1", chain ‖ operator ‖ key)`.
    public static func proofBytes(
        chainID: ChainID, operatorAddress: Address, key: PublicKey
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: 97)
        writer.write(chainID)
        writer.write(operatorAddress)
        writer.write(key)
        return Digest(.proofOfPossession, writer.bytes).bytes
    }

    /// Every rule that the entry breaks by itself, with the field's name.
    public func problems(chainID: ChainID) -> [GenesisProblem] {
        var problems: [GenesisProblem] = []
        for (name, key) in [
            ("operatorKey", operatorKey), ("consensusKey", consensusKey),
            ("networkKey", networkKey),
        ] where !key.isMainSubgroupPoint {
            problems.append(GenesisProblem(name, "is not a valid Ed25519 key"))
        }
        if operatorKey == consensusKey || operatorKey == networkKey || consensusKey == networkKey {
            problems.append(
                GenesisProblem("consensusKey", "operator, consensus and network keys must differ"))
        }
        let proof = GenesisEntry.proofBytes(
            chainID: chainID, operatorAddress: operatorAddress, key: consensusKey)
        if !consensusKey.isValid(proofOfPossession, for: proof) {
            problems.append(
                GenesisProblem(
                    "proofOfPossession",
                    "is not a signature of the consensus key for chain \(chainID)"))
        }
        if !operatorKey.isValid(signature, for: signBytes(chainID: chainID)) {
            problems.append(
                GenesisProblem(
                    "signature",
                    "is not a signature of the operator over this entry for chain \(chainID)"))
        }
        if !isEndpoint(endpoint) {
            problems.append(GenesisProblem("endpoint", "is not host:port"))
        }
        if !isPlainText(moniker, bytesMax: GenesisEntry.monikerBytesMax) {
            problems.append(
                GenesisProblem(
                    "moniker",
                    "must have 1 to \(GenesisEntry.monikerBytesMax) bytes, no control characters"))
        }
        for (name, text, most) in [
            ("website", website, ValidatorProfile.websiteBytesMax),
            ("contact", contact, ValidatorProfile.contactBytesMax),
        ] where !text.isEmpty && !isPlainText(text, bytesMax: most) {
            problems.append(
                GenesisProblem(
                    name, "must have at most \(most) bytes, no control characters"))
        }
        if commission > GenesisEntry.commissionMax {
            problems.append(
                GenesisProblem("commission", "is \(commission), above 10000 basis points"))
        }
        return problems
    }
}

/// Whether `text` is empty or `host:port` with a port from 1 to 65535.
func isEndpoint(_ text: String) -> Bool {
    guard !text.isEmpty else { return true }
    let utf8 = Array(text.utf8)
    guard utf8.count <= GenesisEntry.endpointBytesMax,
        utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
        let colon = utf8.lastIndex(of: UInt8(ascii: ":")), colon > 0
    else { return false }
    let digits = utf8[(colon + 1)...]
    guard (1...5).contains(digits.count), digits.allSatisfy(isDigit),
        let port = UInt32(String(decoding: digits, as: UTF8.self))
    else { return false }
    return (1...65_535).contains(port)
}

/// Whether a text has 1 to `bytesMax` bytes of UTF-8 and no control characters.
public func isPlainText(_ text: String, bytesMax: Int) -> Bool {
    (1...bytesMax).contains(text.utf8.count)
        && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
}
