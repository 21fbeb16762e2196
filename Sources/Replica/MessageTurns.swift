import Chain
import Consensus

/// How often a validator is listened to about one thing in one retry interval, where listening
/// costs checks of signatures.
///
/// Honest validators say it once, and once more where they repeat what may have been lost. What is
/// already here stops a repetition as well, but only once it was checked: a burst of one thing
/// would be checked as a whole before the first of it is here.
struct MessageTurns: Sendable {
    enum Subject: Hashable, Sendable {
        /// A partial certificate (consensus.md 2.10).
        case partial(VoteKind, View)
        /// The leader's proposal, in any of its forms.
        case proposal(View)

        var turnsMax: Int {
            switch self {
            // A standstill's, and the leader's vote that is shown to who voted otherwise.
            case .partial: 2
            // Named, whole, and both again after a new start.
            case .proposal: 4
            }
        }
    }

    /// The subjects of one validator that are counted; what goes beyond them waits for the next
    /// interval. In a standstill 64 certificates come in one.
    static let subjectsMax = 512

    private let interval: UInt64
    private var since = Instant.zero
    private var counts: [UInt16: [Subject: Int]] = [:]

    /// - Parameter interval: in milliseconds.
    init(interval: UInt64) {
        self.interval = interval
    }

    /// Whether the validator is listened to once more.
    mutating func take(_ subject: Subject, of validator: UInt16, at now: Instant) -> Bool {
        if since.advanced(byMilliseconds: interval) <= now {
            since = now
            counts.removeAll(keepingCapacity: true)
        }
        let count = counts[validator]?[subject]
        guard count ?? 0 < subject.turnsMax else { return false }
        guard count != nil || counts[validator]?.count ?? 0 < MessageTurns.subjectsMax else {
            return false
        }
        counts[validator, default: [:]][subject, default: 0] += 1
        return true
    }
}
