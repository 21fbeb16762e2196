/// Text in columns, each as wide as its widest cell.
public struct TextTable: Sendable {
    private var rows: [[String]] = []

    /// A table without a header.
    public init() {}

    public init(_ header: [String]) {
        rows = [header.map { $0.uppercased() }]
    }

    public mutating func add(_ row: [String]) {
        rows.append(row)
    }

    public var lines: [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { index, cell in
                let gap = index == row.count - 1 ? 0 : widths[index] - cell.count
                return cell + String(repeating: " ", count: gap)
            }
            return cells.joined(separator: "  ")
        }
    }
}
