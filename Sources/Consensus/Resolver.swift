import Chain
import Cryptography

/// What is missing, and who showed that it exists.
struct Need: Hashable, Sendable {
    enum Subject: Hashable, Sendable {
        case block(Digest)
        case certificate(CertificateRequest)

        var isBlock: Bool {
            switch self {
            case .block: true
            case .certificate: false
            }
        }
    }

    let subject: Subject
    /// Who is asked first.
    var preferred: [UInt16] = []
    /// The message that brings it may be on its way: wait a moment before asking.
    var mayBeUnderWay = false
    /// Of a view that has not begun, and named by its leader alone: it need not exist.
    var isAhead = false
}

/// Asks for what is missing, one peer after the other (2.12): keyed, so that nothing is asked for
/// twice; bounded, so that a gap cannot become a storm. A useless answer is no fault, and what is
/// not needed any more is forgotten.
///
/// What is most urgent goes first, whenever it came up: leaders can name blocks that nobody has,
/// and whoever asks for these for ever must still come to ask for what exists.
struct Resolver: Sendable {
    /// Half of it for blocks and half for certificates, so that neither keeps the other out.
    static let pendingMax = 64
    /// Of blocks, and of certificates.
    static let inFlightMax = 4
    /// How many of these may be for blocks of views that have not begun.
    static let aheadMax = 2
    /// How long to wait for what may be under way, in milliseconds.
    static let graceMilliseconds: UInt64 = 100

    private struct Pending: Sendable {
        let subject: Need.Subject
        let peers: [UInt16]
        var isAhead: Bool
        var attempt = 0
        /// Not asked before this moment.
        var readyAt: Instant
        /// The peer in `peers[attempt]` was asked, and is given until then.
        var deadline: Instant?
        /// It was ready, but as much as may be was asked for: its turn comes when one of those is
        /// answered, refused or overdue.
        var isQueued = false

        var peer: UInt16 { peers[attempt % peers.count] }
    }

    /// How much is asked for at the moment.
    private struct Load {
        var blocks = 0
        var blocksAhead = 0
        var certificates = 0

        func hasRoom(for entry: Pending) -> Bool {
            guard entry.subject.isBlock else { return certificates < Resolver.inFlightMax }
            guard blocks < Resolver.inFlightMax else { return false }
            return !entry.isAhead || blocksAhead < Resolver.aheadMax
        }

        mutating func add(_ entry: Pending) {
            guard entry.subject.isBlock else {
                certificates += 1
                return
            }
            blocks += 1
            if entry.isAhead { blocksAhead += 1 }
        }
    }

    /// The most urgent first.
    private var pending: [Pending] = []

    var count: Int { pending.count }

    /// When something must be asked next.
    var deadline: Instant? {
        pending.compactMap { $0.deadline ?? ($0.isQueued ? nil : $0.readyAt) }.min()
    }

    func isPending(_ subject: Need.Subject) -> Bool {
        pending.contains { $0.subject == subject }
    }

    /// Forgets what is no longer needed, takes up what is new, and says whom to ask for what now.
    ///
    /// - Parameter needs: the most urgent first.
    mutating func update(
        _ needs: [Need], order: inout PeerOrder, own: UInt16?, count: Int, at now: Instant
    ) -> [(Need.Subject, UInt16)] {
        if needs.isEmpty {
            pending.removeAll()
            return []
        }
        var ordered: [Pending] = []
        var places = (blocks: Resolver.pendingMax / 2, certificates: Resolver.pendingMax / 2)
        for need in needs where !ordered.contains(where: { $0.subject == need.subject }) {
            guard (need.subject.isBlock ? places.blocks : places.certificates) > 0 else { continue }
            var entry = pending.first { $0.subject == need.subject }
            entry?.isAhead = need.isAhead
            guard let entry = entry ?? begin(need, &order, own: own, count: count, at: now) else {
                continue
            }
            ordered.append(entry)
            if need.subject.isBlock { places.blocks -= 1 } else { places.certificates -= 1 }
        }
        pending = ordered
        return ask(at: now)
    }

    private func begin(
        _ need: Need, _ order: inout PeerOrder, own: UInt16?, count: Int, at now: Instant
    ) -> Pending? {
        var peers: [UInt16] = []
        for peer in need.preferred + order.next(count)
        where peer != own && Int(peer) < count && !peers.contains(peer) {
            peers.append(peer)
        }
        guard !peers.isEmpty else { return nil }
        let readyAt =
            need.mayBeUnderWay ? now.advanced(byMilliseconds: Resolver.graceMilliseconds) : now
        return Pending(
            subject: need.subject, peers: peers, isAhead: need.isAhead, readyAt: readyAt)
    }

    private mutating func ask(at now: Instant) -> [(Need.Subject, UInt16)] {
        var asked: [(Need.Subject, UInt16)] = []
        var load = Load()
        for index in pending.indices {
            pending[index].isQueued = false
            guard let deadline = pending[index].deadline else { continue }
            if now < deadline {
                load.add(pending[index])
            } else {
                pending[index].deadline = nil
                pending[index].attempt += 1
            }
        }
        for index in pending.indices
        where pending[index].deadline == nil && pending[index].readyAt <= now {
            guard load.hasRoom(for: pending[index]) else {
                pending[index].isQueued = true
                continue
            }
            load.add(pending[index])
            pending[index].deadline = now.advanced(byMilliseconds: Timing.requestTimeout)
            asked.append((pending[index].subject, pending[index].peer))
        }
        return asked
    }

    /// The peer does not have it: the next is asked at once, until all were asked.
    mutating func refused(_ subject: Need.Subject, by peer: UInt16, at now: Instant) {
        guard let index = pending.firstIndex(where: { $0.subject == subject }) else { return }
        guard pending[index].deadline != nil, pending[index].peer == peer else { return }
        guard (pending[index].attempt + 1) % pending[index].peers.count != 0 else { return }
        pending[index].attempt += 1
        pending[index].deadline = nil
        pending[index].readyAt = now
    }
}
