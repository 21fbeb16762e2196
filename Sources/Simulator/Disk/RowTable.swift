/// Rows in the byte order of their keys, as a database has them.
///
/// Sorted runs of bounded length: a copy shares all runs, and a write to either copies only the run
/// that it touches, so that a snapshot of every committed state costs little.
public struct RowTable: Sendable {
    public struct Row: Hashable, Sendable {
        public let key: [UInt8]
        public let value: [UInt8]
    }

    private static let runRowsMax = 48

    private var runs: [[Row]] = []
    public private(set) var count = 0

    /// The bytes of all keys and values.
    var byteCount: Int {
        runs.reduce(0) { sum, run in
            run.reduce(sum) { $0 + $1.key.count + $1.value.count }
        }
    }

    public init() {}

    /// Whether `a` comes before `b`: byte by byte, a prefix first.
    static func precedes(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        let left = a.span
        let right = b.span
        let common = min(left.count, right.count)
        var index = 0
        while index < common {
            let (x, y) = (left[index], right[index])
            if x != y { return x < y }
            index += 1
        }
        return left.count < right.count
    }

    /// The first run whose last key is not before `key`; the number of runs if there is none.
    private func run(for key: [UInt8]) -> Int {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if RowTable.precedes(runs[middle][runs[middle].count - 1].key, key) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// The place in a run of the first row whose key is not before `key`.
    private func place(of key: [UInt8], in run: Int) -> Int {
        var low = 0
        var high = runs[run].count
        while low < high {
            let middle = (low + high) / 2
            if RowTable.precedes(runs[run][middle].key, key) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    public subscript(key: [UInt8]) -> [UInt8]? {
        get {
            let run = run(for: key)
            guard run < runs.count else { return nil }
            let row = runs[run][place(of: key, in: run)]
            return row.key == key ? row.value : nil
        }
        set {
            if let newValue {
                insert(Row(key: key, value: newValue))
            } else {
                remove(key)
            }
        }
    }

    private mutating func insert(_ row: Row) {
        guard !runs.isEmpty else {
            runs.append([row])
            count = 1
            return
        }
        let run = min(run(for: row.key), runs.count - 1)
        let place = place(of: row.key, in: run)
        if place < runs[run].count, runs[run][place].key == row.key {
            runs[run][place] = row
            return
        }
        runs[run].insert(row, at: place)
        count += 1
        guard runs[run].count > RowTable.runRowsMax else { return }
        // Keys that grow leave full runs behind them.
        let isLast = run == runs.count - 1 && place == runs[run].count - 1
        let middle = isLast ? runs[run].count - 1 : runs[run].count / 2
        let upper = Array(runs[run][middle...])
        runs[run].removeSubrange(middle...)
        runs.insert(upper, at: run + 1)
    }

    private mutating func remove(_ key: [UInt8]) {
        let run = run(for: key)
        guard run < runs.count else { return }
        let place = place(of: key, in: run)
        guard runs[run][place].key == key else { return }
        count -= 1
        if runs[run].count == 1 {
            runs.remove(at: run)
        } else {
            runs[run].remove(at: place)
        }
    }

    /// The first row with lower <= key < upper.
    public func first(from lower: [UInt8], to upper: [UInt8]) -> Row? {
        let run = run(for: lower)
        guard run < runs.count else { return nil }
        let row = runs[run][place(of: lower, in: run)]
        return RowTable.precedes(row.key, upper) ? row : nil
    }

    /// The last row with lower <= key < upper.
    public func last(from lower: [UInt8], to upper: [UInt8]) -> Row? {
        guard !runs.isEmpty else { return nil }
        let run = min(run(for: upper), runs.count - 1)
        let place = place(of: upper, in: run)
        let row: Row
        if place > 0 {
            row = runs[run][place - 1]
        } else if run > 0 {
            row = runs[run - 1][runs[run - 1].count - 1]
        } else {
            return nil
        }
        return RowTable.precedes(row.key, lower) ? nil : row
    }

    /// The rows with lower <= key < upper, in order.
    public func rows(from lower: [UInt8], to upper: [UInt8]) -> [Row] {
        var found: [Row] = []
        var run = run(for: lower)
        guard run < runs.count else { return [] }
        var place = place(of: lower, in: run)
        while run < runs.count {
            while place < runs[run].count {
                guard RowTable.precedes(runs[run][place].key, upper) else { return found }
                found.append(runs[run][place])
                place += 1
            }
            run += 1
            place = 0
        }
        return found
    }
}
