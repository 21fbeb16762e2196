import NIOCore

/// What a peer did, as far as its standing is concerned (network.md 6.3).
public enum PeerConduct: Sendable, CaseIterable {
    /// A signature, certificate or block that cannot have come about honestly.
    case forged
    /// Bytes that no node of ours would send.
    case malformed
    case oversized
    /// A response that nobody asked for.
    case unsolicited
    case timeout
    case rateExceeded
    /// It was first to deliver what we needed.
    case useful

    var points: Int {
        switch self {
        case .forged, .malformed, .oversized: -100
        case .unsolicited: -10
        case .timeout: -2
        case .rateExceeded: -5
        case .useful: 1
        }
    }
}

/// The standing of one peer. Integers only; the time is the caller's.
struct PeerScore: Sendable {
    enum Consequence: Equatable {
        case none
        /// Close, and come back soon: what a reserved peer gets, since a bug must not part the
        /// validators from each other.
        case backOff(TimeAmount)
        case ban(TimeAmount)
    }

    static let best = 50
    static let banAt = -100
    static let backOff = TimeAmount.seconds(30)
    static let firstBan = TimeAmount.hours(1)
    static let banMax = TimeAmount.hours(24)
    /// Each minute leaves 933 of 1,000, so that ten leave half.
    private static let decayPerMille = 933
    private static let decayStep = TimeAmount.minutes(1)

    private(set) var points = 0
    private var decayedAt: NIODeadline
    private var bans = 0

    init(at now: NIODeadline) {
        decayedAt = now
    }

    mutating func note(
        _ conduct: PeerConduct, isReserved: Bool, at now: NIODeadline
    ) -> Consequence {
        decay(to: now)
        points = min(points + conduct.points, Self.best)
        guard points <= Self.banAt else { return .none }
        points = 0
        guard !isReserved || conduct == .forged else { return .backOff(Self.backOff) }
        let hours = min(1 << min(bans, 5), 24)
        bans += 1
        return .ban(min(.hours(Int64(hours)), Self.banMax))
    }

    mutating func decay(to now: NIODeadline) {
        // After a day nothing is left of any score; the bound keeps the loop short.
        var steps = 0
        while now - decayedAt >= Self.decayStep, steps < 1_440 {
            points = points * Self.decayPerMille / 1_000
            decayedAt = decayedAt + Self.decayStep
            steps += 1
        }
        if steps == 1_440 { decayedAt = now }
    }

    /// Whether nothing worth keeping is left.
    var isBlank: Bool { points == 0 && bans == 0 }
}
