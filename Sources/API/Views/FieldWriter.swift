import Chain
import Cryptography

/// A field name that is made where it is written: the shapes of actions and events follow their
/// cases, so that no struct holds the fields of all.
struct FieldKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) {
        stringValue = name
    }

    init?(stringValue: String) {
        self.init(stringValue)
    }

    init?(intValue: Int) {
        nil
    }
}

/// Writes the fields of one object by the rules for JSON: amounts as decimal strings, hashes in
/// hexadecimal digits, addresses in bech32m.
struct FieldWriter {
    private var container: KeyedEncodingContainer<FieldKey>
    let chain: ChainDescription

    init(_ encoder: any Encoder, _ chain: ChainDescription) {
        container = encoder.container(keyedBy: FieldKey.self)
        self.chain = chain
    }

    mutating func write(_ name: String, _ value: some Encodable) throws {
        try container.encode(value, forKey: FieldKey(name))
    }

    mutating func write(_ name: String, _ address: Address) throws {
        try write(name, address.text(prefix: chain.addressPrefix))
    }

    mutating func write(_ name: String, _ amount: Amount) throws {
        try write(name, String(amount.value))
    }

    mutating func write(_ name: String, _ digest: Digest) throws {
        try write(name, digest.hex)
    }

    /// A time as text under the name, and in milliseconds under the name with `Ms`.
    mutating func write(_ name: String, time timestamp: Timestamp?) throws {
        try write(name, Nullable(timestamp.map { timeText($0) }))
        try write(name + "Ms", Nullable(timestamp?.milliseconds))
    }

    mutating func write(_ name: String, _ proposal: ProposalID) throws {
        try write(name, proposal.value)
    }

    mutating func write(_ name: String, _ asset: AssetID) throws {
        try write(name, asset.value)
    }
}
