/// Reads JSON and collects everything that is wrong with it, each with the path of its place, so
/// that a person sees all mistakes at once.
public struct StrictReader {
    public struct Problem: Error, Equatable, Hashable, Sendable, CustomStringConvertible {
        /// `validators[2].power`; empty for the whole.
        public let path: String
        public let message: String

        public init(path: String, message: String) {
            self.path = path
            self.message = message
        }

        public var description: String { path.isEmpty ? message : "\(path): \(message)" }
    }

    public private(set) var problems: [Problem] = []

    public init() {}

    public mutating func report(_ path: String, _ message: String) {
        problems.append(Problem(path: path, message: message))
    }

    /// The members of an object that has exactly the fields named; `optional` ones may be absent.
    public mutating func fields(
        of value: JSON?, at path: String, required: [String], optional: [String] = []
    ) -> [String: JSON] {
        guard let value else { return [:] }
        guard case .object(let members) = value else {
            report(path, "expected an object, found \(value.kind)")
            return [:]
        }
        var fields: [String: JSON] = [:]
        for member in members {
            let place = StrictReader.path(path, member.name)
            if fields[member.name] != nil {
                report(place, "the field is there twice")
            } else if required.contains(member.name) || optional.contains(member.name) {
                fields[member.name] = member.value
            } else {
                let near = nearest(to: member.name, in: required + optional)
                let hint = near.map { "; did you mean `\($0)`?" } ?? ""
                report(place, "unknown field\(hint)")
            }
        }
        for name in required where fields[name] == nil {
            report(StrictReader.path(path, name), "the field is missing")
        }
        return fields
    }

    /// The items of a list with their paths.
    public mutating func items(
        of value: JSON?, at path: String, limit: Int
    ) -> [(path: String, value: JSON)] {
        guard let value else { return [] }
        guard case .array(let items) = value else {
            report(path, "expected a list, found \(value.kind)")
            return []
        }
        guard items.count <= limit else {
            report(path, "the list has \(items.count) items; at most \(limit) are allowed")
            return []
        }
        return items.enumerated().map { ("\(path)[\($0)]", $1) }
    }

    /// A string that `parse` accepts; `expected` says what that is.
    public mutating func string<Value>(
        _ value: JSON?, at path: String, expected: String, parse: (String) -> Value?
    ) -> Value? {
        guard let value else { return nil }
        guard case .string(let text) = value else {
            report(path, "expected \(expected) as a string, found \(value.kind)")
            return nil
        }
        guard let result = parse(text) else {
            report(path, "expected \(expected), found `\(shortened(text))`")
            return nil
        }
        return result
    }

    /// A whole number from `range`, written as a number.
    public mutating func number(
        _ value: JSON?, at path: String, in range: ClosedRange<UInt64>
    ) -> UInt64? {
        guard let value else { return nil }
        guard case .number(let digits) = value else {
            report(path, "expected a number, found \(value.kind)")
            return nil
        }
        guard let number = UInt64(digits) else {
            report(path, "expected a whole number, found \(shortened(digits))")
            return nil
        }
        guard range.contains(number) else {
            let bounds = "\(range.lowerBound) to \(range.upperBound)"
            report(path, "\(number) is outside \(bounds)")
            return nil
        }
        return number
    }

    public static func path(_ parent: String, _ name: String) -> String {
        parent.isEmpty ? name : "\(parent).\(name)"
    }

    private func shortened(_ text: String) -> String {
        text.count <= 80 ? text : text.prefix(77) + "…"
    }
}

/// The word of `words` that is closest to `word`, if one is close: at most a third of the letters
/// differ (Levenshtein distance).
public func nearest(to word: String, in words: [String]) -> String? {
    let letters = Array(word.lowercased())
    guard letters.count <= 64 else { return nil }
    var best: (word: String, distance: Int)?
    for candidate in words {
        let distance = editDistance(letters, Array(candidate.lowercased()))
        if distance < best?.distance ?? .max {
            best = (candidate, distance)
        }
    }
    guard let best, best.distance <= max(1, (letters.count + 1) / 3) else { return nil }
    return best.word
}

private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    var row = Array(0...b.count)
    for (i, left) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, right) in b.enumerated() {
            let above = row[j + 1]
            row[j + 1] = min(above + 1, row[j] + 1, diagonal + (left == right ? 0 : 1))
            diagonal = above
        }
    }
    return row[b.count]
}
