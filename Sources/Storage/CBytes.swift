import CRocksDB

#if canImport(Glibc)
    import Glibc
#endif

/// Calls `body` with the bytes as C wants them; the pointer is never null.
func withCBytes<Result>(
    _ bytes: [UInt8], _ body: (UnsafePointer<CChar>, Int) -> Result
) -> Result {
    // Safe because the memory lives through the call, and a byte may be read as a character.
    unsafe bytes.withUnsafeBytes { raw in
        guard let start = raw.baseAddress else {
            var nothing: CChar = 0
            return unsafe body(&nothing, 0)
        }
        return unsafe body(start.assumingMemoryBound(to: CChar.self), raw.count)
    }
}

/// Calls `body` with the strings as C wants them.
func withCStrings<Result>(
    _ strings: [String], _ body: ([UnsafePointer<CChar>?]) -> Result
) -> Result {
    // Safe because each copy is freed after its last use.
    let copies = unsafe strings.map { unsafe strdup($0) }
    defer {
        for copy in unsafe copies {
            unsafe free(copy)
        }
    }
    return unsafe body(copies.map { unsafe UnsafePointer($0) })
}

/// A copy of `count` bytes that RocksDB owns.
func copyBytes(_ start: UnsafePointer<CChar>?, _ count: Int) -> [UInt8] {
    guard let start = unsafe start, count > 0 else { return [] }
    // Safe because RocksDB says that the memory holds `count` bytes.
    return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
}

/// The error text that a call left, if it failed, and nothing is left to free.
func takeMessage(_ message: inout UnsafeMutablePointer<CChar>?) -> String? {
    guard let text = unsafe message else { return nil }
    defer {
        // Safe because RocksDB made the text for us to free.
        unsafe rocksdb_free(text)
        unsafe message = nil
    }
    return unsafe String(cString: text)
}
