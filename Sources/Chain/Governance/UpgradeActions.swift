import Codec
import Cryptography

/// New rules that validators are to run, from the start of one of the epochs of a window on.
public struct UpgradePlan: CanonicalCodable, Hashable, Sendable {
    public static let nameBytesMax = 64
    /// Epochs of a window.
    public static let windowMax: UInt64 = 1_000
    /// How far ahead a window may begin, in epochs.
    public static let aheadMax: UInt64 = 10_000

    /// For people.
    public let name: String
    /// What names the version: validators signal it in their blocks.
    public let version: Digest
    public let firstEpoch: Epoch
    public let lastEpoch: Epoch

    public init(name: String, version: Digest, firstEpoch: Epoch, lastEpoch: Epoch) {
        self.name = name
        self.version = version
        self.firstEpoch = firstEpoch
        self.lastEpoch = lastEpoch
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        name = try reader.readString(limit: UpgradePlan.nameBytesMax)
        version = try Digest(from: &reader)
        firstEpoch = try Epoch(from: &reader)
        lastEpoch = try Epoch(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.writeString(name)
        writer.write(version)
        writer.write(firstEpoch)
        writer.write(lastEpoch)
    }
}

/// The upgrade that waits for the readiness of the validators; a chain has at most one.
public struct ScheduledUpgrade: CanonicalCodable, Hashable, Sendable {
    /// How often a window that ended without enough readiness is followed by another one.
    public static let postponementsMax: UInt8 = 2

    public let plan: UpgradePlan
    /// The decision that scheduled it.
    public let proposal: ProposalID
    /// The window as it is now.
    public var firstEpoch: Epoch
    public var lastEpoch: Epoch
    public var postponements: UInt8

    public init(plan: UpgradePlan, proposal: ProposalID) {
        self.plan = plan
        self.proposal = proposal
        firstEpoch = plan.firstEpoch
        lastEpoch = plan.lastEpoch
        postponements = 0
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        plan = try UpgradePlan(from: &reader)
        proposal = try ProposalID(from: &reader)
        firstEpoch = try Epoch(from: &reader)
        lastEpoch = try Epoch(from: &reader)
        postponements = try reader.readUInt8()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(plan)
        writer.write(proposal)
        writer.write(firstEpoch)
        writer.write(lastEpoch)
        writer.write(postponements)
    }
}

/// The version of the rules that blocks follow.
public struct ProtocolVersion: CanonicalCodable, Hashable, Sendable {
    /// What headers carry: 1 at genesis, and one more with each upgrade.
    public let number: UInt16
    public let hash: Digest
    /// The first epoch under these rules.
    public let since: Epoch

    public init(number: UInt16, hash: Digest, since: Epoch) {
        self.number = number
        self.hash = hash
        self.since = since
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        number = try reader.readUInt16()
        hash = try Digest(from: &reader)
        since = try Epoch(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(number)
        writer.write(hash)
        writer.write(since)
    }

    /// What names a version: `H("alt.version.v1", name)`.
    public static func hash(of name: String) -> Digest {
        Digest(.version, Array(name.utf8))
    }

    /// The versions that this software can follow, oldest first. A release that brings new rules
    /// adds a line, and only a chain whose validators are ready for it takes them.
    public static let names = ["1"]

    public static let hashes: [Digest] = names.map { hash(of: $0) }

    /// That of every chain from its genesis on.
    public static let initial = ProtocolVersion(
        number: Header.currentVersion, hash: hash(of: "1"), since: .zero)
}

/// Which versions a node can follow, and whether it says so in its blocks.
public struct SoftwareVersions: Hashable, Sendable {
    /// Of the table, and those that the node was told of.
    public let known: [Digest]
    /// Whether the operator agrees to a switch: a validator that knows a version signals it.
    public let signalsReadiness: Bool

    public init(alsoKnown: [Digest] = [], signalsReadiness: Bool = true) {
        known = ProtocolVersion.hashes + alsoKnown
        self.signalsReadiness = signalsReadiness
    }

    public func knows(_ version: Digest) -> Bool { known.contains(version) }
}

/// What a seat of an epoch's set last signalled.
public struct ReadinessSignal: CanonicalCodable, Hashable, Sendable {
    public let seat: UInt16
    public let version: Digest

    public init(seat: UInt16, version: Digest) {
        self.seat = seat
        self.version = version
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        seat = try reader.readUInt16()
        version = try Digest(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(seat)
        writer.write(version)
    }
}

/// What all seats of an epoch's set last signalled, by ascending seat; those that signalled nothing
/// are absent.
public struct ReadinessTable: CanonicalCodable, Hashable, Sendable {
    public private(set) var signals: [ReadinessSignal]

    public init(signals: [ReadinessSignal] = []) {
        self.signals = signals.sorted { $0.seat < $1.seat }
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        signals = try reader.readList(limit: Limits.validatorsMax, minimumElementSize: 34)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.writeList(signals)
    }

    public func version(of seat: UInt16) -> Digest? {
        signals.first { $0.seat == seat }?.version
    }

    /// Writes down what a seat signals now; nil for nothing.
    public mutating func set(_ version: Digest?, of seat: UInt16) {
        signals.removeAll { $0.seat == seat }
        guard let version else { return }
        let position = signals.firstIndex { $0.seat > seat } ?? signals.count
        signals.insert(ReadinessSignal(seat: seat, version: version), at: position)
    }

    /// The same signals by the seats of another set; who has no seat there is left out.
    public func moved(from old: ValidatorSet, to new: ValidatorSet) -> ReadinessTable {
        var moved: [ReadinessSignal] = []
        for (seat, validator) in new.validators.enumerated() {
            guard let before = old.validators.firstIndex(where: { $0.key == validator.key }),
                let version = version(of: UInt16(before))
            else { continue }
            moved.append(ReadinessSignal(seat: UInt16(seat), version: version))
        }
        return ReadinessTable(signals: moved)
    }

    /// What the seats that signalled a version have together.
    ///
    /// - Precondition: the table's seats are those of the set.
    public func power(readyFor version: Digest, in set: ValidatorSet) -> UInt64 {
        signals.reduce(0) { sum, signal in
            guard signal.version == version, Int(signal.seat) < set.count else { return sum }
            return sum + set.validators[Int(signal.seat)].power
        }
    }
}

extension Header {
    /// Whether `extra` is what these rules allow: empty, or a version hash other than zero.
    public var hasValidExtra: Bool { extra.isEmpty || readiness != nil }

    /// The version that the block's leader is ready for (decisions.md 12).
    public var readiness: Digest? {
        guard extra.count == 32, let version = try? Digest(decoding: extra), version != .zero
        else { return nil }
        return version
    }
}
