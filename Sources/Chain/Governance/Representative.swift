import Codec
import Cryptography

/// Who votes with a part of somebody's stake while that somebody does not vote.
public struct Representative: CanonicalCodable, Hashable, Sendable {
    public let account: Address
    /// In basis points of the stake.
    public let weight: UInt16

    public init(account: Address, weight: UInt16) {
        self.account = account
        self.weight = weight
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        account = try Address(from: &reader)
        weight = try reader.readUInt16()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(account)
        writer.write(weight)
    }
}

/// The representatives of one account for one group of topics. What their weights leave of 10,000
/// stays with the account.
public struct RepresentativeList: CanonicalCodable, Hashable, Sendable {
    /// What an account may name.
    public static let countMax = 4
    public static let weightMax: UInt32 = 10_000
    /// What decodes, so that a list that is somewhat too long is refused with a reason.
    static let decodedMax = 64

    public let entries: [Representative]

    public init(_ entries: [Representative] = []) {
        self.entries = entries
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        entries = try reader.readList(
            limit: RepresentativeList.decodedMax, minimumElementSize: 34)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.writeList(entries)
    }

    /// The sum of the weights.
    public var sum: UInt32 { entries.reduce(0) { $0 + UInt32($1.weight) } }

    public subscript(account: Address) -> Representative? {
        entries.first { $0.account == account }
    }
}

/// Names the representatives of the sender for a group of topics, in place of those before.
///
/// An empty list names none.
public struct RepresentationAction: CanonicalCodable, Hashable, Sendable {
    public let group: TopicGroup
    public let representatives: RepresentativeList

    public init(group: TopicGroup, representatives: [Representative]) {
        self.group = group
        self.representatives = RepresentativeList(representatives)
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        group = try TopicGroup(from: &reader)
        representatives = try RepresentativeList(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(group)
        writer.write(representatives)
    }
}

/// All representatives of one account, as they are now.
public struct RepresentativeTable: CanonicalCodable, Hashable, Sendable {
    private var lists: [RepresentativeList]

    public init() {
        lists = TopicGroup.allCases.map { _ in RepresentativeList() }
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        var lists: [RepresentativeList] = []
        for _ in TopicGroup.allCases {
            lists.append(try RepresentativeList(from: &reader))
        }
        self.lists = lists
    }

    public func encode(into writer: inout ByteWriter) {
        for list in lists {
            writer.write(list)
        }
    }

    public subscript(group: TopicGroup) -> RepresentativeList {
        get { lists[Int(group.rawValue)] }
        set { lists[Int(group.rawValue)] = newValue }
    }

    public var isEmpty: Bool { lists.allSatisfy { $0.entries.isEmpty } }
}

/// A place in one of its generations: what shares are counted by.
public struct ShareKey: CanonicalCodable, Hashable, Sendable {
    public let place: StakePlace
    public let generation: UInt64

    public init(place: StakePlace, generation: UInt64) {
        self.place = place
        self.generation = generation
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        place = try StakePlace(from: &reader)
        generation = try reader.readUInt64()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(place)
        writer.write(generation)
    }
}

/// The shares of one place that a representative was lent, by all who named it.
public struct ReceivedShares: CanonicalCodable, Hashable, Sendable {
    public var shares: UInt128
    /// Where their past is written; nil while others have all slots, and then they do not count.
    public var slot: UInt16?

    public init(shares: UInt128 = 0, slot: UInt16? = nil) {
        self.shares = shares
        self.slot = slot
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        shares = try reader.readUInt128()
        let number = try reader.readUInt16()
        slot = number == .max ? nil : number
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(shares)
        writer.write(slot ?? .max)
    }
}

/// What a slot of a representative had at some height; no shares if it was empty.
public struct ReceivedTrace: CanonicalCodable, Hashable, Sendable {
    public let key: ShareKey
    public let shares: UInt128

    public init(key: ShareKey, shares: UInt128) {
        self.key = key
        self.shares = shares
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        key = try ShareKey(from: &reader)
        shares = try reader.readUInt128()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(key)
        writer.write(shares)
    }
}

/// Which slots of a representative are taken in a group of topics.
///
/// Their number is what a vote of the representative costs at most, however many accounts name it
/// from however many places. Lots have slots of their own, so that they never take one of a pool.
public struct ReceivedSlots: CanonicalCodable, Hashable, Sendable {
    /// For lots; as many follow for pools.
    public static let countOfEach = 256
    private static let wordsOfEach = countOfEach / 64

    /// One bit for each slot.
    private var words: [UInt64]
    /// How many places have no slot now.
    public private(set) var refused: UInt32 = 0
    /// The height of the first refusal that a snapshot may still see; nil if there is none.
    public private(set) var refusedFrom: Height?
    /// The height at which the last refused place went.
    private var refusedUntil = Height.genesis

    public init() {
        words = [UInt64](repeating: 0, count: 2 * ReceivedSlots.wordsOfEach)
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        var words: [UInt64] = []
        for _ in 0..<(2 * ReceivedSlots.wordsOfEach) {
            words.append(try reader.readUInt64())
        }
        self.words = words
        refused = try reader.readUInt32()
        refusedFrom = try reader.readOptional()
        refusedUntil = try Height(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        for word in words {
            writer.write(word)
        }
        writer.write(refused)
        writer.writeOptional(refusedFrom)
        writer.write(refusedUntil)
    }

    /// Takes a free slot of the place's kind; nil if there is none.
    public mutating func take(for place: StakePlace) -> UInt16? {
        let first =
            switch place {
            case .lot: 0
            case .pool: ReceivedSlots.wordsOfEach
            }
        for index in first..<(first + ReceivedSlots.wordsOfEach) where words[index] != .max {
            let bit = (~words[index]).trailingZeroBitCount
            words[index] |= 1 << bit
            return UInt16(64 * index + bit)
        }
        return nil
    }

    public mutating func free(_ slot: UInt16) {
        words[Int(slot) / 64] &= ~(1 << (slot % 64))
    }

    public mutating func refuse(at height: Height) {
        refused += 1
        refusedFrom = refusedFrom ?? height
    }

    /// A place that was refused has a slot now, or nothing is lent from it any more.
    public mutating func endRefusal(at height: Height) {
        precondition(refused > 0, "a place was refused before its refusal ends")
        refused -= 1
        refusedUntil = height
    }

    /// Forgets refusals that no snapshot can see any more.
    public mutating func forget(before horizon: Height) {
        guard refused == 0, refusedFrom != nil, refusedUntil <= horizon else { return }
        refusedFrom = nil
    }
}
