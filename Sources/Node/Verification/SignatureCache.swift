import Cryptography
import Synchronization

/// The transactions whose signatures this node has verified, by the hash of all their bytes, so
/// that each signature is verified once.
final class SignatureCache: Sendable {
    private struct State {
        var young: Set<Digest> = []
        var old: Set<Digest> = []
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// Remembers at least the last `capacity` ids and at most twice as many.
    init(capacity: Int = 65_536) {
        self.capacity = capacity
    }

    func contains(_ id: Digest) -> Bool {
        state.withLock { $0.young.contains(id) || $0.old.contains(id) }
    }

    func insert(_ id: Digest) {
        state.withLock { state in
            state.young.insert(id)
            guard state.young.count >= capacity else { return }
            state.old = state.young
            state.young = []
        }
    }
}
