import Foundation
import GenesisTool
import KeyTool

/// One number with its unit. Numbers are whole thousandths, since the package has no floating
/// point.
struct Figure {
    let name: String
    let thousandths: Int64
    /// How many digits to show after the point: 0 to 3.
    let digits: Int
    let unit: String
    /// How it was measured, where that is a choice.
    let note: String

    var text: String {
        let steps: [Int64] = [1_000, 100, 10, 1]
        let step = steps[digits]
        let rounded = (thousandths + step / 2) / step
        let scale = 1_000 / step
        guard digits > 0 else { return String(rounded) }
        let fraction = String(rounded % scale)
        let zeros = String(repeating: "0", count: digits - fraction.count)
        return "\(rounded / scale).\(zeros)\(fraction)"
    }
}

/// The table of all figures.
struct Report {
    let isQuick: Bool
    private var figures: [Figure] = []

    init(isQuick: Bool) {
        self.isQuick = isQuick
    }

    mutating func add(
        _ name: String, _ value: Int64, _ unit: String, _ note: String = ""
    ) {
        add(Figure(name: name, thousandths: value * 1_000, digits: 0, unit: unit, note: note))
    }

    mutating func add(
        _ name: String, thousandths: Int64, digits: Int, _ unit: String, _ note: String = ""
    ) {
        add(
            Figure(
                name: name, thousandths: thousandths, digits: digits, unit: unit, note: note))
    }

    private mutating func add(_ figure: Figure) {
        figures.append(figure)
        // Progress for whoever waits; the table comes at the end.
        Console.note("  \(figure.name): \(figure.text) \(figure.unit)")
    }

    func print(as format: OutputFormat) {
        switch format {
        case .table:
            for line in table {
                Console.write(line)
            }
        case .json: Console.write(json.pretty)
        }
    }

    private var table: [String] {
        let rows =
            [["figure", "value", "unit", ""]]
            + figures.map {
                [$0.name, $0.text, $0.unit, $0.note]
            }
        let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = [
                row[0].padding(toLength: widths[0], withPad: " ", startingAt: 0),
                String(repeating: " ", count: widths[1] - row[1].count) + row[1],
                row[2].padding(toLength: widths[2], withPad: " ", startingAt: 0),
                row[3],
            ]
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }

    private var json: JSON {
        .object([
            .init("quick", .bool(isQuick)),
            .init("cores", .number(ProcessInfo.processInfo.activeProcessorCount)),
            .init(
                "figures",
                .array(
                    figures.map { figure in
                        .object([
                            .init("name", .string(figure.name)),
                            .init("value", .number(figure.text)),
                            .init("unit", .string(figure.unit)),
                            .init("note", .string(figure.note)),
                        ])
                    })),
        ])
    }
}
