import CSodium

/// Proof that libsodium is ready; whatever needs its tables, its random source or an algorithm
/// that it chooses by the processor asks for it first. Poly1305, for one, keeps its state in the
/// form of the choice, and crashes when another thread makes the choice in the middle.
enum Sodium {
    private static let result = sodium_init()

    static func ensureReady() {
        // `sodium_init` fails only where the system has no source of randomness.
        precondition(result >= 0, "libsodium starts: \(result)")
    }
}
