import Codec
import Cryptography

/// One seat of a validator set.
public struct Validator: CanonicalCodable, Hashable, Sendable {
    public let key: PublicKey
    /// At least 1.
    public let power: UInt64

    public init(key: PublicKey, power: UInt64) {
        self.key = key
        self.power = power
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        key = try PublicKey(from: &reader)
        power = try reader.readUInt64()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(key)
        writer.write(power)
    }
}

/// Why a list of validators is not a set.
public enum ValidatorSetError: Error, Equatable, Sendable {
    case empty
    case tooMany(count: Int, limit: Int)
    case powerZero(PublicKey)
    case powerOverflow(limit: UInt64)
    case duplicateKey(PublicKey)
    case invalidKey(PublicKey)
}

/// The validators of one epoch, by descending power and then ascending key. A signer is its index.
///
/// Only two predicates over power exist, and both multiply instead of dividing: `isQuorum` and
/// `hasOneHonest`, under the assumption that the faulty power `b` satisfies `3b < W`.
public struct ValidatorSet: CanonicalCodable, Hashable, Sendable {
    public let validators: [Validator]
    /// W, at most 2^60, so that `3·W` fits 64 bits.
    public let totalPower: UInt64
    /// What headers and instance ids bind: `H("alt.set.v1", n u16 ‖ (key ‖ power u64)*)`.
    public let hash: Digest

    /// Sorts and checks the validators.
    public init(_ validators: [Validator]) throws(ValidatorSetError) {
        try self.init(trustingKeysOf: validators)
        if let key = invalidKey { throw .invalidKey(key) }
    }

    /// Sorts and checks the validators, but for their keys: those of validators that the state has
    /// were checked when they came, and the check of a hundred takes several milliseconds.
    public init(trustingKeysOf validators: [Validator]) throws(ValidatorSetError) {
        guard !validators.isEmpty else { throw .empty }
        guard validators.count <= Limits.validatorsMax else {
            throw .tooMany(count: validators.count, limit: Limits.validatorsMax)
        }
        let sorted = validators.sorted { a, b in
            a.power != b.power ? a.power > b.power : a.key < b.key
        }
        var total: UInt64 = 0
        for validator in sorted {
            guard validator.power > 0 else { throw .powerZero(validator.key) }
            let (sum, overflow) = total.addingReportingOverflow(validator.power)
            guard !overflow, sum <= Limits.totalPowerMax else {
                throw .powerOverflow(limit: Limits.totalPowerMax)
            }
            total = sum
        }
        let keys = sorted.map(\.key).sorted()
        for (a, b) in zip(keys, keys.dropFirst()) where a == b {
            throw .duplicateKey(a)
        }
        self.validators = sorted
        totalPower = total
        var hasher = TaggedHasher(.validatorSet)
        hasher.update(UInt16(sorted.count))
        for validator in sorted {
            hasher.update(validator.key)
            hasher.update(validator.power)
        }
        hash = hasher.finalize()
    }

    /// The first key that is none.
    private var invalidKey: PublicKey? {
        validators.first { !$0.key.isMainSubgroupPoint }?.key
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        self = try StoredValidatorSet(from: &reader).set
        guard invalidKey == nil else { throw .invalidValue(type: "ValidatorSet") }
    }

    public func encode(into writer: inout ByteWriter) {
        writer.writeList(validators)
    }

    public var count: Int { validators.count }

    /// The validator at `index`, or nil beyond the table: an index may come from a peer.
    public func validator(at index: UInt16) -> Validator? {
        Int(index) < validators.count ? validators[Int(index)] : nil
    }

    public func index(of key: PublicKey) -> UInt16? {
        validators.firstIndex { $0.key == key }.map { UInt16($0) }
    }

    /// More than two thirds of the power: `3·p > 2·W`.
    public func isQuorum(_ power: UInt64) -> Bool {
        precondition(power <= totalPower, "a part is not above the whole: \(power)")
        if Mutant.isActive(.takesTwoThirds) { return 3 * power >= 2 * totalPower }
        return 3 * power > 2 * totalPower
    }

    /// At least one honest signer among this power: `3·p ≥ W`; also: no quorum without it.
    public func hasOneHonest(_ power: UInt64) -> Bool {
        precondition(power <= totalPower, "a part is not above the whole: \(power)")
        return 3 * power >= totalPower
    }
}

/// A set as the state holds it, in the same encoding: everything of it is checked again but the
/// keys, which were checked before they came into the state. For the own state alone; a set that
/// comes from outside is a `ValidatorSet`.
public struct StoredValidatorSet: CanonicalCodable, Hashable, Sendable {
    public let set: ValidatorSet

    public init(_ set: ValidatorSet) {
        self.set = set
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let validators = try reader.readList(
            of: Validator.self, limit: Limits.validatorsMax, minimumElementSize: 40)
        do {
            set = try ValidatorSet(trustingKeysOf: validators)
        } catch {
            throw .invalidValue(type: "ValidatorSet")
        }
        guard set.validators == validators else { throw .invalidValue(type: "ValidatorSet") }
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(set)
    }
}
