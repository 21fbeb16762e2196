import Glibc
import Testing

/// Sees which directories a call opens, as whoever syncs one must.
struct DirectoryWatch {
    private let descriptor: Int32
    private var paths: [Int32: String] = [:]

    init(_ directories: [String]) throws {
        descriptor = inotify_init1(Int32(IN_NONBLOCK))
        try #require(descriptor >= 0)
        for directory in directories {
            let watch = inotify_add_watch(descriptor, directory, UInt32(IN_OPEN))
            try #require(watch >= 0)
            paths[watch] = directory
        }
    }

    /// The directories that were opened since the start, and not merely something in them.
    func finish() -> Set<String> {
        defer { close(descriptor) }
        var opened: Set<String> = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = buffer.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else { return opened }
            var offset = 0
            while offset < count {
                let event = buffer.withUnsafeBytes {
                    $0.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                }
                if event.len == 0, let path = paths[event.wd] { opened.insert(path) }
                offset += MemoryLayout<inotify_event>.size + Int(event.len)
            }
        }
    }
}
