/// A set of keys in byte order: sorted runs of bounded length, so that adding a key moves little.
struct KeyOrder: Sendable {
    private var runs: [[[UInt8]]] = []
    private static let runKeysMax = 128

    /// A place in the order.
    struct Position {
        fileprivate var run: Int
        fileprivate var index: Int
    }

    /// The place of the first key >= `lower`.
    func position(from lower: [UInt8]) -> Position {
        // The first run whose last key is not below `lower`.
        var low = 0
        var high = runs.count
        while low < high {
            let middle = low + (high - low) / 2
            if precedes(runs[middle][runs[middle].count - 1], lower) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < runs.count else { return Position(run: low, index: 0) }
        return Position(run: low, index: Self.lowerBound(of: lower, in: runs[low]))
    }

    private static func lowerBound(of key: [UInt8], in run: [[UInt8]]) -> Int {
        var low = 0
        var high = run.count
        while low < high {
            let middle = low + (high - low) / 2
            if precedes(run[middle], key) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    func key(at position: Position) -> [UInt8]? {
        position.run < runs.count ? runs[position.run][position.index] : nil
    }

    func advance(_ position: inout Position) {
        position.index += 1
        if position.index == runs[position.run].count {
            position = Position(run: position.run + 1, index: 0)
        }
    }

    /// - Precondition: the key is not there yet.
    mutating func insert(_ key: [UInt8]) {
        var position = position(from: key)
        precondition(self.key(at: position) != key, "a key is added once")
        guard !runs.isEmpty else {
            runs.append([key])
            return
        }
        if position.run == runs.count {
            position = Position(run: runs.count - 1, index: runs[runs.count - 1].count)
        }
        runs[position.run].insert(key, at: position.index)
        let count = runs[position.run].count
        guard count > Self.runKeysMax else { return }
        let tail = Array(runs[position.run][(count / 2)...])
        runs[position.run].removeSubrange((count / 2)...)
        runs.insert(tail, at: position.run + 1)
    }

    /// - Precondition: the key is there.
    mutating func remove(_ key: [UInt8]) {
        let position = position(from: key)
        precondition(self.key(at: position) == key, "a key that is removed is there")
        runs[position.run].remove(at: position.index)
        if runs[position.run].isEmpty {
            runs.remove(at: position.run)
        }
    }

    mutating func removeAll() {
        runs.removeAll()
    }
}
