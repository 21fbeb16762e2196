import Chain
import Codec
import Cryptography
import StateTree

/// A lane other than 0 that is in use.
struct Lane: CanonicalCodable, Hashable, Sendable {
    let number: UInt16
    var nextSequence: UInt64
    /// The highest `validUntil` seen: above it every transaction of the lane is expired, so that
    /// forgetting the lane lets none of them return.
    var validUntil: Height

    init(number: UInt16, nextSequence: UInt64, validUntil: Height) {
        self.number = number
        self.nextSequence = nextSequence
        self.validUntil = validUntil
    }

    init(from reader: inout ByteReader) throws(DecodeError) {
        number = try reader.readUInt16()
        nextSequence = try reader.readUInt64()
        validUntil = try Height(from: &reader)
    }

    func encode(into writer: inout ByteWriter) {
        writer.write(number)
        writer.write(nextSequence)
        writer.write(validUntil)
    }
}

/// The lanes of an account other than 0 (decisions.md 6). An expired lane counts as never used,
/// whether it was swept or not.
struct LaneTable: CanonicalCodable, Hashable, Sendable {
    /// The height after which the sweep looks at the account.
    var dueAfter: Height
    /// Ascending by number, at most 64 of them live.
    var lanes: [Lane]

    init(dueAfter: Height, lanes: [Lane]) {
        self.dueAfter = dueAfter
        self.lanes = lanes
    }

    init(from reader: inout ByteReader) throws(DecodeError) {
        dueAfter = try Height(from: &reader)
        lanes = try reader.readList(limit: Limits.lanesPerAccountMax, minimumElementSize: 18)
    }

    func encode(into writer: inout ByteWriter) {
        writer.write(dueAfter)
        writer.writeList(lanes)
    }

    /// The lane's next sequence in a block of `height`, or nil if it is not live.
    func nextSequence(of number: UInt16, at height: Height) -> UInt64? {
        for lane in lanes where lane.number == number && lane.validUntil >= height {
            return lane.nextSequence
        }
        return nil
    }

    func liveCount(at height: Height) -> Int {
        lanes.reduce(0) { $0 + ($1.validUntil >= height ? 1 : 0) }
    }

    mutating func dropExpired(at height: Height) {
        lanes.removeAll { $0.validUntil < height }
    }

    /// Counts one transaction of a lane. Expired lanes go first, so that there is room.
    mutating func use(
        _ number: UInt16, sequence: UInt64, validUntil: Height, at height: Height
    ) {
        dropExpired(at: height)
        let position = lanes.firstIndex { $0.number >= number } ?? lanes.count
        if position < lanes.count && lanes[position].number == number {
            lanes[position].nextSequence = sequence + 1
            lanes[position].validUntil = max(lanes[position].validUntil, validUntil)
        } else {
            precondition(lanes.count < Limits.lanesPerAccountMax, "a new lane has room")
            lanes.insert(
                Lane(number: number, nextSequence: sequence + 1, validUntil: validUntil),
                at: position)
        }
    }
}

/// Where an account's sequences stand.
public enum Lanes {
    /// Accounts that one block sweeps at most.
    static let sweptPerBlockMax = 256

    /// The sequence that the next transaction of a lane has, in a block of `height`.
    public static func nextSequence<Base: StateReader>(
        of account: Address, lane: UInt16, at height: Height, in state: State<Base>
    ) -> UInt64 {
        if lane == 0 {
            return state.read(.account(account), as: Account.self)?.sequence ?? 0
        }
        let table = state.read(.lanes(account), as: LaneTable.self)
        return table?.nextSequence(of: lane, at: height) ?? 0
    }

    /// Counts a transaction of a lane other than 0. The account enters the sweep's line once.
    static func use<Base: StateReader>(
        _ transaction: Transaction, table: LaneTable?, at height: Height,
        in state: inout State<Base>
    ) {
        var table = table ?? LaneTable(dueAfter: Height(0), lanes: [])
        let isNew = table.lanes.isEmpty
        table.use(
            transaction.lane, sequence: transaction.sequence,
            validUntil: transaction.validUntil, at: height)
        if isNew {
            table.dueAfter = transaction.validUntil
            state.write(.laneExpiry(table.dueAfter, transaction.sender), Presence())
        }
        state.write(.lanes(transaction.sender), table)
    }

    /// Forgets lanes whose transactions have all expired. Each account that is looked at leaves, or
    /// goes back into the line at the height of its next expiry.
    static func sweep<Base: StateReader>(_ state: inout State<Base>, at height: Height) {
        let lower = StateKeyRange(.accounts, kind: 2).lower
        var upper = StateKeyWriter(.accounts)
        upper.kind(2)
        upper.bigEndian(height.value)
        for _ in 0..<sweptPerBlockMax {
            guard let entry = state.firstEntry(from: lower, to: upper.bytes) else { return }
            // Module, kind and height come before the address.
            let account = Address(Array(entry.key.suffix(32)))
            guard var table = state.read(.lanes(account), as: LaneTable.self) else {
                preconditionFailure("an account in line has lanes: \(account)")
            }
            state.remove(.laneExpiry(table.dueAfter, account))
            table.dropExpired(at: height)
            if let next = table.lanes.map(\.validUntil).min() {
                table.dueAfter = next
                state.write(.laneExpiry(next, account), Presence())
                state.write(.lanes(account), table)
            } else {
                state.remove(.lanes(account))
            }
        }
    }
}
