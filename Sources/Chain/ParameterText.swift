// Values as people write them: `2h`, `500ms`, `1/3`, `12%`, `12.5alt`. Pure functions: the command
// line, the API and genesis use the same ones. What is printed can be parsed to the same value.

/// Why a text is not a value.
public enum ValueTextError: Error, Hashable, Sendable, CustomStringConvertible {
    case empty
    case malformed(String)
    case unknownUnit(String)
    case unitMissing(example: String)
    case tooManyDecimals(found: Int, most: Int)
    case tooLarge(String)

    public var description: String {
        switch self {
        case .empty: "a value is missing"
        case .malformed(let text): "'\(text)' is not a value"
        case .unknownUnit(let unit): "the unit '\(unit)' is unknown"
        case .unitMissing(let example): "the unit is missing, as in \(example)"
        case .tooManyDecimals(let found, let most):
            "\(found) decimals are too many; the most are \(most)"
        case .tooLarge(let text): "'\(text)' is too large"
        }
    }
}

/// Lengths of time: whole numbers with the units `d`, `h`, `m`, `s`, `ms`, greatest first.
public enum DurationText {
    private static let units: [(suffix: String, milliseconds: UInt64)] = [
        ("d", Milliseconds.day), ("h", Milliseconds.hour), ("m", Milliseconds.minute),
        ("s", Milliseconds.second), ("ms", 1),
    ]

    /// Milliseconds from `2h`, `1h30m`, `500ms`; `0` needs no unit.
    public static func parse(_ text: String) throws(ValueTextError) -> UInt64 {
        guard !text.isEmpty else { throw .empty }
        if text == "0" { return 0 }
        var rest = Substring(text)
        var total: UInt64 = 0
        var smallest = UInt64.max
        while !rest.isEmpty {
            let digits = rest.prefix(while: \.isDecimalDigit)
            guard !digits.isEmpty else { throw .malformed(text) }
            rest = rest.dropFirst(digits.count)
            let suffix = rest.prefix(while: \.isLetter)
            rest = rest.dropFirst(suffix.count)
            guard !suffix.isEmpty else { throw .unitMissing(example: "2h or 500ms") }
            guard let unit = units.first(where: { $0.suffix == suffix }) else {
                throw .unknownUnit(String(suffix))
            }
            // Each unit once, greatest first: `1h2h` is a slip, not three hours.
            guard unit.milliseconds < smallest else { throw .malformed(text) }
            smallest = unit.milliseconds
            guard let count = UInt64(digits) else { throw .tooLarge(text) }
            let (part, tooMuch) = count.multipliedReportingOverflow(by: unit.milliseconds)
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !tooMuch, !overflow else { throw .tooLarge(text) }
            total = sum
        }
        return total
    }

    /// `1h30m`; `0s` for none.
    public static func print(_ milliseconds: UInt64) -> String {
        guard milliseconds > 0 else { return "0s" }
        var rest = milliseconds
        var text = ""
        for unit in units where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.suffix)"
            rest %= unit.milliseconds
        }
        return text
    }
}

/// Fractions: `1/3`, `12%`, `12.5%`.
public enum RatioText {
    public static func parse(_ text: String) throws(ValueTextError) -> Ratio {
        guard !text.isEmpty else { throw .empty }
        if text.last == "%" {
            let number = try decimal(Substring(text.dropLast()), of: text, decimalsMax: 4)
            var denominator: UInt64 = 100
            for _ in 0..<number.decimals {
                denominator *= 10
            }
            guard let numerator = UInt32(exactly: number.digits) else { throw .tooLarge(text) }
            return Ratio(numerator, UInt32(denominator))
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isDecimalDigit) })
        else {
            guard parts.count == 1 else { throw .malformed(text) }
            throw .unitMissing(example: "1/3 or 12%")
        }
        guard let numerator = UInt32(parts[0]), let denominator = UInt32(parts[1]) else {
            throw .tooLarge(text)
        }
        guard denominator > 0 else { throw .malformed(text) }
        return Ratio(numerator, denominator)
    }

    /// `12%` if it was written in hundredths, else `n/d`.
    public static func print(_ ratio: Ratio) -> String {
        ratio.denominator == 100 ? "\(ratio.numerator)%" : ratio.description
    }
}

/// Amounts with their asset's symbol: `12.5alt`.
public enum AmountText {
    /// Base units from `12.5alt`, `12.5 ALT` or `12.5`.
    ///
    /// - Throws: for another symbol, more decimals than the asset has, or more than 2^64 − 1 units.
    public static func parse(
        _ text: String, symbol: String, decimals: UInt8
    ) throws(ValueTextError) -> Amount {
        guard !text.isEmpty else { throw .empty }
        let number = text.prefix { $0.isDecimalDigit || $0 == "." }
        let suffix = text.dropFirst(number.count).drop { $0 == " " }
        guard suffix.isEmpty || suffix.lowercased() == symbol.lowercased() else {
            throw number.isEmpty ? .malformed(text) : .unknownUnit(String(suffix))
        }
        let value = try decimal(number, of: text, decimalsMax: Int(decimals))
        var units = value.digits
        for _ in value.decimals..<Int(decimals) {
            let (scaled, overflow) = units.multipliedReportingOverflow(by: 10)
            guard !overflow else { throw .tooLarge(text) }
            units = scaled
        }
        return Amount(units)
    }

    /// `12.5 ALT`, without zeros at the end.
    public static func print(_ amount: Amount, symbol: String, decimals: UInt8) -> String {
        number(amount, decimals: decimals) + " " + symbol
    }

    /// `12.5`, without zeros at the end.
    public static func number(_ amount: Amount, decimals: UInt8) -> String {
        let digits = Array(String(amount.value))
        let count = Int(decimals)
        let padding = [Character](repeating: "0", count: max(0, count + 1 - digits.count))
        let padded = padding + digits
        let whole = String(padded.dropLast(count))
        var fraction = padded.suffix(count)
        while fraction.last == "0" {
            fraction.removeLast()
        }
        return fraction.isEmpty ? whole : whole + "." + String(fraction)
    }
}

/// A parameter's value in the form of its unit.
public enum ParameterText {
    /// - Parameters:
    ///   - symbol: of the native asset.
    ///   - decimals: of the native asset.
    public static func parse(
        _ text: String, for id: ParameterID, symbol: String, decimals: UInt8
    ) throws(ValueTextError) -> ParameterValue {
        switch id.definition.unit {
        case .milliseconds:
            return .integer(try DurationText.parse(text))
        case .baseUnits:
            return .integer(try AmountText.parse(text, symbol: symbol, decimals: decimals).value)
        case .gas, .count, .blocks:
            let number = try decimal(Substring(text), of: text, decimalsMax: 0)
            return .integer(number.digits)
        case .ratio:
            return ParameterValue(try RatioText.parse(text))
        }
    }

    public static func print(
        _ value: ParameterValue, for id: ParameterID, symbol: String, decimals: UInt8
    ) -> String {
        switch (value, id.definition.unit) {
        case (.integer(let number), .milliseconds): DurationText.print(number)
        case (.integer(let number), .baseUnits):
            AmountText.print(Amount(number), symbol: symbol, decimals: decimals)
        case (.integer(let number), .gas), (.integer(let number), .count),
            (.integer(let number), .blocks), (.integer(let number), .ratio):
            String(number)
        case (.ratio(let numerator, let denominator), _):
            denominator == 0 ? "\(numerator)/0" : RatioText.print(Ratio(numerator, denominator))
        }
    }
}

extension Character {
    fileprivate var isDecimalDigit: Bool { ("0"..."9").contains(self) && isASCII }
}

/// The digits of `12.50` as one number, 1250, and how many stand behind the point.
private func decimal(
    _ number: Substring, of text: String, decimalsMax: Int
) throws(ValueTextError) -> (digits: UInt64, decimals: Int) {
    guard !text.isEmpty else { throw .empty }
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isDecimalDigit) })
    else { throw .malformed(text) }
    let decimals = parts.count == 2 ? parts[1].count : 0
    guard decimals <= decimalsMax else {
        throw .tooManyDecimals(found: decimals, most: decimalsMax)
    }
    guard let digits = UInt64(parts.joined()) else { throw .tooLarge(text) }
    return (digits, decimals)
}
