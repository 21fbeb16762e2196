import Chain
import Cryptography
import StateTree

/// A stream as a query shows it.
public struct StreamView: Hashable, Sendable {
    public let id: StreamID
    public let record: StreamRecord
    /// What its recipient could claim now.
    public let claimable: Amount
}

extension Streams {
    /// Streams whose account cannot pay them, or that nobody could claim.
    static func violations<Base: StateReader>(in state: State<Base>) -> [InvariantViolation] {
        state.entries(in: .streams, limit: .max).compactMap { entry in
            let id = StreamID(entry.key.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
            let record: StreamRecord = State<Base>.decode(entry.value)
            let balance = state.balance(of: id.account, asset: record.plan.asset)
            let owed = record.total.subtracting(record.claimed) ?? .zero
            guard balance < owed || owed == .zero else { return nil }
            return .stream(id, balance: balance.value, owed: owed.value)
        }
    }
}

extension Queries {
    /// Streams of one answer.
    public static let streamsMax = 100

    public static func stream(
        _ id: StreamID, at now: Timestamp, over reader: some StateReader
    ) -> StreamView? {
        let state = State(over: reader)
        guard let record: StreamRecord = state.read(.enacted(.stream(id))) else { return nil }
        return StreamView(id: id, record: record, claimable: record.claimable(at: now))
    }

    /// The streams that are not empty, by their numbers.
    ///
    /// - Parameters:
    ///   - recipient: only those of this account; nil for all.
    ///   - after: the cursor: only numbers above this one.
    public static func streams(
        of recipient: Address? = nil, after: StreamID = StreamID(0), limit: Int,
        at now: Timestamp, over reader: some StateReader
    ) -> [StreamView] {
        let state = State(over: reader)
        let first = after.advanced(by: 1)
        let range =
            recipient.map {
                StateKeyRange(
                    from: .enacted(.streamOfRecipient($0, first)),
                    to: .enacted(.streamOfRecipient($0, StreamID(.max))))
            }
            ?? StateKeyRange(
                from: .enacted(.stream(first)), to: .enacted(.stream(StreamID(.max))))
        let count = min(max(limit, 0), streamsMax)
        return state.entries(in: range, limit: count).compactMap { entry in
            let id = StreamID(entry.key.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
            return stream(id, at: now, over: reader)
        }
    }
}
