import Chain
import Cryptography
import GenesisTool
import KeyTool

/// All validators as a node knows them, and the names that people call them by.
struct ValidatorBook {
    /// A chain that has more is asked for one validator at a time.
    private static let validatorsMax = 2_000

    let validators: [JSON]
    private let chain: ChainInfo
    private let home: String?

    init(_ client: Client, _ chain: ChainInfo, home: String?) async throws {
        self.init(
            try await client.list("/v1/validators", limit: ValidatorBook.validatorsMax), chain,
            home: home)
    }

    /// From the answers of a node.
    init(_ validators: [JSON], _ chain: ChainInfo, home: String?) {
        self.validators = validators
        self.chain = chain
        self.home = home
    }

    /// The validator that a person means: by its operator's address or the name of that key, its
    /// consensus key, its seat's index, or its moniker if only one has it.
    func find(_ name: String) throws -> JSON {
        if let found = try match(name) { return found }
        let near = nearest(to: name, in: validators.compactMap { $0["moniker"]?.text })
        throw CommandError(
            "staking.unknown_validator", "there is no validator `\(printable(name))`",
            hint: near.map { "did you mean `\(printable($0))`?" }
                ?? "`althing validator list` shows them",
            exit: .notFound)
    }

    private func match(_ name: String) throws -> JSON? {
        if let found = validators.first(where: { validator in
            [validator["operator"]?.text, validator["publicKey"]?.text].contains(name)
        }) {
            return found
        }
        if let index = UInt64(name) {
            return validators.first { $0["seat"]?["index"]?.integer == index }
        }
        let called = validators.filter { $0["moniker"]?.text == name }
        // A moniker is no proof of anything: whoever likes can take one that is there.
        guard called.count <= 1 else {
            let operators = called.map { text($0["operator"]) }.joined(separator: ", ")
            throw CommandError(
                "validator.ambiguous", "\(called.count) validators call themselves \(name)",
                hint: "name one by its operator: \(operators)", exit: .usage)
        }
        let own = (try? chain.address(name, home: home)).map { chain.text($0) }
        let ofKey = validators.first { own != nil && $0["operator"]?.text == own }
        if let ofKey, let other = called.first, other["operator"]?.text != own {
            throw CommandError(
                "validator.ambiguous",
                "`\(name)` is the name of a key, and another validator calls itself so",
                hint: "name it by its operator: \(text(ofKey["operator"])) or"
                    + " \(text(other["operator"]))", exit: .usage)
        }
        return ofKey ?? called.first
    }

    /// The operator's address of the validator that a person means.
    func address(_ name: String) throws -> Address {
        try operatorAddress(of: try find(name))
    }

    func operatorAddress(of validator: JSON) throws -> Address {
        guard let text = validator["operator"]?.text,
            let address = try? Address(text: text, prefix: chain.prefix)
        else {
            throw CommandError(
                "node.answer", "the node gives no operator of a validator", exit: .notReached)
        }
        return address
    }

    func validator(_ address: String) -> JSON? {
        validators.first { $0["operator"]?.text == address }
    }

    /// `moniker (alth1…)`.
    func title(_ validator: JSON) -> String {
        "\(text(validator["moniker"])) (\(text(validator["operator"])))"
    }

    /// The moniker of a validator, or its address if it is no more.
    func name(_ address: JSON?) -> String {
        let text = text(address)
        return validator(text).flatMap { $0["moniker"]?.text }.map { printable($0) } ?? text
    }
}

/// Parts of a whole as people write and read them.
enum PercentText {
    /// Basis points from `5%`, `2.5%` or `1/20`.
    static func basisPoints(_ text: String, _ name: String) throws -> UInt16 {
        guard let ratio = try? RatioText.parse(text) else {
            throw CommandError(
                "ratio.invalid", "\(name) `\(text)` is no part", hint: "write it like 5% or 2.5%",
                exit: .usage)
        }
        let (points, rest) = (UInt64(ratio.numerator) * 10_000)
            .quotientAndRemainder(dividingBy: UInt64(ratio.denominator))
        guard rest == 0, points <= 10_000 else {
            throw CommandError(
                "ratio.invalid",
                "\(name) `\(text)` is no whole number of hundredths of a percent up to 100%",
                exit: .usage)
        }
        return UInt16(points)
    }

    /// `5 %`, `2.5 %`, `0.01 %`.
    static func print(basisPoints points: UInt64) -> String {
        let (whole, rest) = points.quotientAndRemainder(dividingBy: 100)
        guard rest > 0 else { return "\(whole) %" }
        let digits = rest % 10 == 0 ? "\(rest / 10)" : (rest < 10 ? "0\(rest)" : "\(rest)")
        return "\(whole).\(digits) %"
    }

    /// A share of a sum; `-` of nothing.
    static func print(_ part: UInt64?, of whole: UInt64?) -> String {
        guard let part, let whole, whole > 0,
            let points = multiplyDividingDown(part, 10_000, by: whole)
        else { return "-" }
        return print(basisPoints: points)
    }
}

/// Times of the API as people read them.
enum WhenText {
    /// `2026-11-21 16:40:12 UTC`, with `about` before an estimate and the time until then after it.
    static func print(_ json: JSON?, now: Timestamp = .now) -> String {
        guard let at = json?["at"]?.text else { return "-" }
        let estimate = json?["isEstimate"]?.boolean == true ? "about " : ""
        return estimate + time(at) + wait(until: json?["atMs"]?.integer, now)
    }

    /// Without milliseconds.
    static func time(_ text: String?) -> String {
        guard let text, text.count >= 20 else { return "-" }
        return printable(String(text.prefix(19)).replacing("T", with: " ")) + " UTC"
    }

    /// `2026-11-21 16:40:12 UTC, in 12s`, or `, 2m ago`.
    ///
    /// - Parameter isFixed: without what changes with every second.
    static func print(
        milliseconds: UInt64?, isFixed: Bool = false, now: Timestamp = .now
    ) -> String {
        guard let milliseconds else { return "?" }
        let text = date(Timestamp(milliseconds))
        guard !isFixed else { return text }
        guard milliseconds <= now.milliseconds else {
            return text + wait(until: milliseconds, now)
        }
        guard now.milliseconds - milliseconds >= 1_000 else { return text + ", now" }
        return "\(text), \(age((now.milliseconds - milliseconds) / 1_000)) ago"
    }

    /// Without milliseconds.
    static func date(_ time: Timestamp) -> String { WhenText.time(TimeText.print(time)) }

    /// The greatest unit alone: nobody counts the seconds of an hour that is over.
    private static func age(_ seconds: UInt64) -> String {
        let units: [UInt64] = [86_400, 3_600, 60]
        let unit = units.first { seconds >= $0 } ?? 1
        return DurationText.print(seconds / unit * unit * 1_000)
    }

    private static func wait(until time: UInt64?, _ now: Timestamp) -> String {
        guard let time, time > now.milliseconds else { return "" }
        let seconds = (time - now.milliseconds) / 1_000
        // Nobody cares for the seconds of a day.
        let rounded = seconds > 86_400 ? seconds / 3_600 * 3_600 : seconds
        return ", in \(DurationText.print(rounded * 1_000))"
    }
}
