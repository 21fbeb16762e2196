import Codec

/// The row of rules under which a proposal is decided, by rank: the proposal's track is that of its
/// highest-ranked action (governance.md 5).
public enum Track: UInt8, CanonicalCodable, CaseIterable, Comparable, Hashable, Sendable {
    case text = 0
    case fast = 1
    case spendSmall = 2
    case spendMedium = 3
    case spendLarge = 4
    case parameter = 5
    case people = 6
    case `protocol` = 7
    case constitution = 8

    public static func < (a: Track, b: Track) -> Bool { a.rawValue < b.rawValue }

    /// As people read it: `spend-S`.
    public var name: String {
        switch self {
        case .text: "text"
        case .fast: "fast"
        case .spendSmall: "spend-S"
        case .spendMedium: "spend-M"
        case .spendLarge: "spend-L"
        case .parameter: "param"
        case .people: "people"
        case .protocol: "protocol"
        case .constitution: "constitution"
        }
    }

    /// As the names of its parameters begin: `gov.spendSmallDelay`.
    public var parameterPrefix: String {
        switch self {
        case .text: "text"
        case .fast: "fast"
        case .spendSmall: "spendSmall"
        case .spendMedium: "spendMedium"
        case .spendLarge: "spendLarge"
        case .parameter: "param"
        case .people: "people"
        case .protocol: "protocol"
        case .constitution: "constitution"
        }
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let tag = try reader.readUInt8()
        guard let track = Track(rawValue: tag) else {
            throw .unknownTag(type: "Track", tag: UInt64(tag))
        }
        self = track
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(rawValue)
    }
}

/// One column of the table of tracks; each is a parameter of each track.
public enum TrackComponent: UInt8, CaseIterable, Hashable, Sendable {
    /// The deposit, in multiples of the base.
    case deposit = 0
    /// How long the vote lasts.
    case period = 1
    /// C: a change of the outcome this close to the end moves the end.
    case confirm = 2
    /// The part of the total power that must take part.
    case quorum = 3
    /// Yes must be above this part of the votes that are not abstentions.
    case approve = 4
    /// Yes must reach this part of the total power.
    case minYes = 5
    /// From the decision to the execution.
    case delay = 6
    /// How many proposals of the track may be in voting at once.
    case places = 7

    /// As the names of parameters end: `gov.spendSmallMinYes`.
    public var parameterSuffix: String {
        switch self {
        case .deposit: "Deposit"
        case .period: "Period"
        case .confirm: "Confirm"
        case .quorum: "Quorum"
        case .approve: "Approve"
        case .minYes: "MinYes"
        case .delay: "Delay"
        case .places: "Places"
        }
    }
}

/// A row of the table of tracks with the values that hold now. A proposal freezes its own at
/// opening.
public struct TrackRow: CanonicalCodable, Hashable, Sendable {
    /// In multiples of the base.
    public var deposit: UInt64
    /// Milliseconds.
    public var period: UInt64
    /// Milliseconds.
    public var confirm: UInt64
    public var quorum: Ratio
    public var approve: Ratio
    public var minYes: Ratio
    /// Milliseconds.
    public var delay: UInt64
    public var places: UInt64

    public init(
        deposit: UInt64, period: UInt64, confirm: UInt64, quorum: Ratio, approve: Ratio,
        minYes: Ratio, delay: UInt64, places: UInt64
    ) {
        self.deposit = deposit
        self.period = period
        self.confirm = confirm
        self.quorum = quorum
        self.approve = approve
        self.minYes = minYes
        self.delay = delay
        self.places = places
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        deposit = try reader.readUInt64()
        period = try reader.readUInt64()
        confirm = try reader.readUInt64()
        quorum = try Ratio(from: &reader)
        approve = try Ratio(from: &reader)
        minYes = try Ratio(from: &reader)
        delay = try reader.readUInt64()
        places = try reader.readUInt64()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(deposit)
        writer.write(period)
        writer.write(confirm)
        writer.write(quorum)
        writer.write(approve)
        writer.write(minYes)
        writer.write(delay)
        writer.write(places)
    }

    /// The strictest of two rows, component by component.
    public func strictest(_ other: TrackRow) -> TrackRow {
        TrackRow(
            deposit: max(deposit, other.deposit), period: max(period, other.period),
            confirm: max(confirm, other.confirm), quorum: quorum.maximum(other.quorum),
            approve: approve.maximum(other.approve), minYes: minYes.maximum(other.minYes),
            delay: max(delay, other.delay), places: min(places, other.places))
    }
}

extension Track {
    /// The table of governance.md 5.
    public var standardRow: TrackRow {
        switch self {
        case .text:
            .init(1, days: 5, hours: 12, (15, 100), (1, 2), (0, 1), delayHours: 0, 20)
        case .fast:
            .init(10, days: 1, hours: 0, (1, 20), (1, 2), (2, 3), delayHours: 1, 3)
        case .spendSmall:
            .init(1, days: 7, hours: 24, (15, 100), (1, 2), (3, 100), delayHours: 48, 10)
        case .spendMedium:
            .init(3, days: 10, hours: 24, (20, 100), (55, 100), (6, 100), delayHours: 96, 5)
        case .spendLarge:
            .init(10, days: 14, hours: 48, (30, 100), (60, 100), (12, 100), delayHours: 168, 3)
        case .parameter:
            .init(3, days: 7, hours: 24, (20, 100), (55, 100), (6, 100), delayHours: 72, 5)
        case .people:
            .init(3, days: 7, hours: 24, (20, 100), (60, 100), (8, 100), delayHours: 48, 3)
        case .protocol:
            .init(10, days: 14, hours: 48, (33, 100), (60, 100), (15, 100), delayHours: 168, 3)
        case .constitution:
            .init(20, days: 21, hours: 72, (40, 100), (2, 3), (25, 100), delayHours: 336, 3)
        }
    }

    /// The same thresholds with times of seconds, for a chain that somebody tries out.
    public var developmentRow: TrackRow {
        var row = standardRow
        row.period = 20 * Milliseconds.second
        row.confirm = self == .fast ? 0 : 3 * Milliseconds.second
        row.delay = self == .text ? 0 : 5 * Milliseconds.second
        return row
    }
}

extension TrackRow {
    fileprivate init(
        _ deposit: UInt64, days: UInt64, hours confirm: UInt64, _ quorum: (UInt32, UInt32),
        _ approve: (UInt32, UInt32), _ minYes: (UInt32, UInt32), delayHours: UInt64,
        _ places: UInt64
    ) {
        self.init(
            deposit: deposit, period: days * Milliseconds.day, confirm: confirm * Milliseconds.hour,
            quorum: Ratio(quorum.0, quorum.1), approve: Ratio(approve.0, approve.1),
            minYes: Ratio(minYes.0, minYes.1), delay: delayHours * Milliseconds.hour,
            places: places)
    }
}

/// Lengths of time in milliseconds, the unit of all times of the chain.
public enum Milliseconds {
    public static let second: UInt64 = 1_000
    public static let minute = 60 * second
    public static let hour = 60 * minute
    public static let day = 24 * hour
}
