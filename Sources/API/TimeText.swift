import Chain

/// RFC 3339 in UTC with milliseconds: `2026-11-21T10:05:00.250Z`.
///
/// The calendar is computed in whole numbers: the day count is cut into eras of 400 years, which
/// all have 146,097 days, and years are counted from March so that a leap day is a year's last.
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
func timeText(_ timestamp: Timestamp) -> String {
    // Beyond year 9999 the form has no room; no clock that a node accepts comes near it.
    let milliseconds = min(timestamp.milliseconds, 253_402_300_799_999)
    let secondOfDay = milliseconds / 1_000 % 86_400
    let days = milliseconds / 86_400_000 + 719_468
    let era = days / 146_097
    let dayOfEra = days % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = 400 * era + yearOfEra + (month <= 2 ? 1 : 0)
    let date = "\(padded(year, to: 4))-\(padded(month, to: 2))-\(padded(day, to: 2))"
    let hour = padded(secondOfDay / 3_600, to: 2)
    let minute = padded(secondOfDay / 60 % 60, to: 2)
    let second = padded(secondOfDay % 60, to: 2)
    return "\(date)T\(hour):\(minute):\(second).\(padded(milliseconds % 1_000, to: 3))Z"
}

private func padded(_ value: UInt64, to width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
