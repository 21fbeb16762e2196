import Chain

/// Times as RFC 3339 writes them, in UTC and with milliseconds: `2026-11-21T10:00:00.000Z`.
///
/// Days are counted by the civil calendar algorithms of Howard Hinnant ("chrono-compatible
/// low-level date algorithms"), in whole numbers.
public enum TimeText {
    public static func print(_ time: Timestamp) -> String {
        let milliseconds = time.milliseconds
        let (year, month, day) = civil(fromDays: milliseconds / 86_400_000)
        let rest = milliseconds % 86_400_000
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        let hours = padded(rest / 3_600_000, 2)
        let minutes = padded(rest / 60_000 % 60, 2)
        let seconds = padded(rest / 1_000 % 60, 2)
        return "\(date)T\(hours):\(minutes):\(seconds).\(padded(rest % 1_000, 3))Z"
    }

    /// A time in UTC of the years 1970 to 9999, with or without a fraction of one to three digits;
    /// nil for anything else.
    public static func parse(_ text: String) -> Timestamp? {
        let utf8 = Array(text.utf8)
        guard utf8.count >= 20, utf8.last == UInt8(ascii: "Z"), utf8[4] == UInt8(ascii: "-"),
            utf8[7] == UInt8(ascii: "-"), utf8[10] == UInt8(ascii: "T"),
            utf8[13] == UInt8(ascii: ":"), utf8[16] == UInt8(ascii: ":"),
            let year = number(utf8[0..<4]), let month = number(utf8[5..<7]),
            let day = number(utf8[8..<10]), let hour = number(utf8[11..<13]),
            let minute = number(utf8[14..<16]), let second = number(utf8[17..<19]),
            (1970...9999).contains(year), (1...12).contains(month), day >= 1, hour < 24,
            minute < 60, second < 60
        else { return nil }
        let days = days(fromYear: year, month: month, day: day)
        // A day that the month does not have comes back as another date.
        guard civil(fromDays: days) == (year, month, day) else { return nil }
        var milliseconds: UInt64 = 0
        if utf8.count > 20 {
            let fraction = utf8[20..<utf8.count - 1]
            guard utf8[19] == UInt8(ascii: "."), (1...3).contains(fraction.count),
                let digits = number(fraction)
            else { return nil }
            milliseconds = digits * [0, 100, 10, 1][fraction.count]
        }
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second
        return Timestamp(seconds * 1_000 + milliseconds)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt64(String(decoding: digits, as: UTF8.self))
    }

    private static func padded(_ number: UInt64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func days(fromYear year: UInt64, month: UInt64, day: UInt64) -> UInt64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func civil(fromDays days: UInt64) -> (UInt64, UInt64, UInt64) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
