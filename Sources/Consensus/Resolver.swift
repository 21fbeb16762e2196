import Chain
import Cryptography

/// What is missing, and who showed that it exists.
struct Need: Hashable, Sendable {
    enum Subject: Hashable, Sendable {
        case block(Digest)
        case certificate(CertificateRequest)
    }

    let subject: Subject
    /// Who is asked first.
    var preferred: [UInt16] = []
    /// The message that brings it may be on its way: wait a moment before asking.
    var mayBeUnderWay = false
}

/// Asks for what is missing, one peer after the other (2.12): keyed, so that nothing is asked for
/// twice; bounded, so that a gap cannot become a storm. A useless answer is no fault, and what is
/// not needed any more is forgotten.
struct Resolver: Sendable {
    static let pendingMax = 64
    static let inFlightMax = 4
    /// How long to wait for what may be under way, in milliseconds.
    static let graceMilliseconds: UInt64 = 100

    private struct Pending: Sendable {
        let subject: Need.Subject
        let peers: [UInt16]
        var attempt = 0
        /// Not asked before this moment.
        var readyAt: Instant
        /// The peer in `peers[attempt]` was asked, and is given until then.
        var deadline: Instant?

        var isBlock: Bool {
            switch subject {
            case .block: true
            case .certificate: false
            }
        }

        var peer: UInt16 { peers[attempt % peers.count] }
    }

    private var pending: [Pending] = []

    var count: Int { pending.count }

    /// When something must be asked next.
    var deadline: Instant? {
        pending.map { $0.deadline ?? $0.readyAt }.min()
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
        let subjects = needs.map(\.subject)
        pending.removeAll { !subjects.contains($0.subject) }
        for need in needs where !isPending(need.subject) && pending.count < Resolver.pendingMax {
            var peers: [UInt16] = []
            for peer in need.preferred + order.next(count)
            where peer != own && Int(peer) < count && !peers.contains(peer) {
                peers.append(peer)
            }
            guard !peers.isEmpty else { continue }
            let readyAt =
                need.mayBeUnderWay
                ? now.advanced(byMilliseconds: Resolver.graceMilliseconds) : now
            pending.append(Pending(subject: need.subject, peers: peers, readyAt: readyAt))
        }
        return ask(at: now)
    }

    private mutating func ask(at now: Instant) -> [(Need.Subject, UInt16)] {
        var asked: [(Need.Subject, UInt16)] = []
        var blocks = 0
        var certificates = 0
        for entry in pending where entry.deadline.map({ now < $0 }) ?? false {
            if entry.isBlock { blocks += 1 } else { certificates += 1 }
        }
        for index in pending.indices {
            if let deadline = pending[index].deadline {
                guard deadline <= now else { continue }
                pending[index].deadline = nil
                pending[index].attempt += 1
            }
            guard pending[index].readyAt <= now else { continue }
            guard (pending[index].isBlock ? blocks : certificates) < Resolver.inFlightMax else {
                // Its turn comes with the next answer or deadline.
                pending[index].readyAt = now.advanced(byMilliseconds: Resolver.graceMilliseconds)
                continue
            }
            if pending[index].isBlock { blocks += 1 } else { certificates += 1 }
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
