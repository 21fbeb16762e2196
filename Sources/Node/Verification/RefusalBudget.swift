import Consensus
import Cryptography

/// How many refused transactions of each peer are looked at.
///
/// A transaction that the state refuses (its sequence, its balance) or that the pool has no use for
/// is no offence: what an honest peer passes on may be late. But it costs work and its sender pays
/// nothing, so each costs the peer that sent it a token, and what it sends while it has none is
/// dropped unread. One that is taken gives a token back: whoever sends mostly what is of use is
/// never held up, and one that was comes back quickly.
struct RefusalBudget: Sendable {
    static let perSecond: UInt64 = 512
    static let burst: UInt64 = 8_192
    /// Above this the peers that have all their tokens are forgotten, which changes nothing, and if
    /// these are not enough, all.
    static let rememberedMax = 4_096

    private struct Level {
        /// Billionths of a token, so that no elapsed nanosecond is lost.
        var tokens: UInt64
        var at: Instant
    }

    private static let unit: UInt64 = 1_000_000_000
    private static let full = burst * unit

    private var levels: [PublicKey: Level] = [:]
    /// Transactions that were dropped unread.
    private(set) var droppedCount: UInt64 = 0

    var rememberedCount: Int { levels.count }

    /// Whether so many transactions of a peer are looked at; those that are not are counted.
    ///
    /// - Precondition: the count is at most the burst.
    mutating func admits(_ count: Int, of peer: PublicKey, at now: Instant) -> Bool {
        guard tokens(of: peer, at: now) / Self.unit >= UInt64(count) else {
            droppedCount += UInt64(count)
            return false
        }
        return true
    }

    mutating func note(refused: Int, taken: Int, of peer: PublicKey, at now: Instant) {
        guard levels[peer] != nil || refused > taken else { return }
        makeRoom(at: now)
        let (lost, overflow) = UInt64(refused).multipliedReportingOverflow(by: Self.unit)
        let before = tokens(of: peer, at: now)
        let after = overflow || lost > before ? 0 : before - lost
        let (won, isMuch) = UInt64(taken).multipliedReportingOverflow(by: Self.unit)
        let tokens = isMuch || won > Self.full - after ? Self.full : after + won
        levels[peer] = tokens == Self.full ? nil : Level(tokens: tokens, at: now)
    }

    private func tokens(of peer: PublicKey, at now: Instant) -> UInt64 {
        guard let level = levels[peer] else { return Self.full }
        guard now > level.at else { return level.tokens }
        let elapsed = now.nanoseconds - level.at.nanoseconds
        let (gained, overflow) = elapsed.multipliedReportingOverflow(by: Self.perSecond)
        guard !overflow, gained < Self.full - level.tokens else { return Self.full }
        return level.tokens + gained
    }

    private mutating func makeRoom(at now: Instant) {
        guard levels.count >= Self.rememberedMax else { return }
        let owing = levels.filter { tokens(of: $0.key, at: now) < Self.full }
        levels = owing.count < Self.rememberedMax ? owing : [:]
    }
}
