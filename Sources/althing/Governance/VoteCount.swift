import Chain
import GenesisTool

/// A part in hundredths of a percent.
func percentText(_ part: UInt128, of whole: UInt128) -> String {
    guard whole > 0 else { return "0.00 %" }
    let points = part * 10_000 / whole
    let rest = points % 100
    return "\(points / 100).\(rest < 10 ? "0" : "")\(rest) %"
}

/// Where a count of votes stands against the four lines that it has to pass, with what is missing.
struct VoteCount {
    /// A part of a whole, and the line that it must reach, must pass, or must not pass.
    struct Bar {
        let name: String
        let part: UInt128
        let whole: UInt128
        let line: Ratio
        let isMet: Bool
        /// Power of yes (for the quorum: of any answer) that is missing; nil if it cannot be said.
        let missing: UInt64?

        static let width = 30

        /// Why the line was not met, in words; nil if it was.
        var lack: String? {
            guard !isMet else { return nil }
            let found = percentText(part, of: whole)
            let limit = percentText(UInt128(line.numerator), of: UInt128(line.denominator))
            return switch name {
            case "quorum": "\(found) of all power took part, \(limit) are needed"
            case "approve": "\(found) of the answers were yes, more than \(limit) are needed"
            case "min yes": "\(found) of all power said yes, \(limit) are needed"
            default: "\(found) of the answers were vetoes, \(limit) are too many"
            }
        }

        /// - Parameter isOver: whether nothing can be missing any more.
        func line(isOver: Bool = false, _ print: (UInt64) -> String) -> String {
            let filled =
                whole > 0 ? Int(min(UInt128(Bar.width), part * UInt128(Bar.width) / whole)) : 0
            let mark = min(
                Bar.width - 1,
                Int(UInt64(Bar.width) * UInt64(line.numerator) / UInt64(line.denominator)))
            var cells = [Character](repeating: "#", count: filled)
            cells += [Character](repeating: ".", count: Bar.width - filled)
            cells[mark] = "|"
            let gap = String(repeating: " ", count: max(1, 10 - name.count))
            let limit = percentText(UInt128(line.numerator), of: UInt128(line.denominator))
            var text = "\(name)\(gap)[\(String(cells))] \(percentText(part, of: whole)) of \(limit)"
            text += isMet ? ", met" : ", not met"
            if !isMet, !isOver, let missing { text += ", \(print(missing)) missing" }
            return text
        }
    }

    let bars: [Bar]
    /// The least power of yes that meets every line; nil if no yes can.
    let missingYes: UInt64?

    init(_ tally: JSON, total: UInt64) {
        let total = UInt128(total)
        func power(_ name: String) -> UInt128 { UInt128(tally[name]?.integer ?? 0) }
        let yes = power("yes")
        let answers = yes + power("no") + power("veto")
        let cast = answers + power("abstain")
        func bar(_ name: String, _ part: UInt128, _ whole: UInt128, _ field: String) -> Bar? {
            guard let numerator = tally[field]?["numerator"]?.integer,
                let denominator = tally[field]?["denominator"]?.integer, denominator > 0,
                let numerator = UInt32(exactly: numerator),
                let denominator = UInt32(exactly: denominator)
            else { return nil }
            let n = UInt128(numerator)
            let d = UInt128(denominator)
            let missing: UInt128?
            if field == "approve" {
                // The least x with (yes + x)·d > n·(answers + x).
                missing =
                    n < d && yes * d <= n * answers ? (n * answers - yes * d) / (d - n) + 1 : nil
            } else {
                let needed = (n * total + d - 1) / d
                missing = needed > part ? needed - part : nil
            }
            return Bar(
                name: name, part: part, whole: whole, line: Ratio(numerator, denominator),
                isMet: tally[field]?["met"]?.boolean == true,
                missing: missing.map { UInt64(clamping: $0) })
        }
        let veto = Bar(
            name: "no veto", part: power("veto"), whole: answers, line: Ratio(1, 3),
            isMet: tally["vetoed"]?.boolean != true, missing: nil)
        bars =
            [
                bar("quorum", cast, total, "quorum"), bar("approve", yes, answers, "approve"),
                bar("min yes", yes, total, "minYes"),
            ].compactMap { $0 } + [veto]
        // Each yes takes part, answers, and makes the part of the vetoes smaller.
        let vetoes = 3 * power("veto")
        let drowning = vetoes > answers ? UInt64(clamping: vetoes - answers) : 0
        let needs = bars.dropLast().map { $0.isMet ? 0 : $0.missing }
        missingYes =
            needs.contains(nil) ? nil : max(needs.compactMap { $0 }.max() ?? 0, drowning)
    }
}
