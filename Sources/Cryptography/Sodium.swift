import CSodium

/// Proof that libsodium is ready; whatever needs its tables or its random source asks for it first.
enum Sodium {
    private static let result = sodium_init()

    static func ensureReady() {
        // `sodium_init` fails only where the system has no source of randomness.
        precondition(result >= 0, "libsodium starts: \(result)")
    }
}
