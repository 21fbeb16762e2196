import CSodium

/// The system's randomness: for Noise ephemerals and for tools that make keys, never in the core.
public enum SecureRandom {
    public static func bytes(count: Int) -> [UInt8] {
        Sodium.ensureReady()
        var bytes = [UInt8](repeating: 0, count: count)
        unsafe randombytes_buf(&bytes, count)
        return bytes
    }
}
