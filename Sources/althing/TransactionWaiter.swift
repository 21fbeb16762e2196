import Chain
import Cryptography
import GenesisTool
import KeyTool

/// Asks for a transaction until it is final. A node that does not answer for a while changes
/// nothing: the question is asked again.
struct TransactionWaiter {
    let client: Client
    let timeoutMilliseconds: UInt64

    /// - Throws: `tx.timeout` (exit code 4) if nothing is known when the time is over, `tx.expired`
    ///   if no block can contain it any more.
    func result(of hash: Digest, validUntil: Height?) async throws -> JSON {
        let clock = ContinuousClock()
        let deadline = clock.now + .milliseconds(Int64(clamping: timeoutMilliseconds))
        var pause: Duration = .milliseconds(20)
        while true {
            do {
                let json = try await client.get("/v1/txs/\(hash.hex)")
                if let status = json["status"]?.text, status != "pending" {
                    return json
                }
            } catch let error as CommandError
                where error.exit == .notFound || error.exit == .notReached
            {
                if error.exit == .notFound {
                    try await checkExpiry(of: hash, validUntil)
                }
            }
            guard clock.now < deadline else {
                throw CommandError(
                    "tx.timeout", "\(hash) is not final yet; it may still become so",
                    hint: "ask again: althing tx wait \(hash)", exit: .timedOut)
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 3 / 2, .milliseconds(250))
        }
    }

    private func checkExpiry(of hash: Digest, _ validUntil: Height?) async throws {
        guard let validUntil,
            let height = try? await client.get("/v1/status")["height"]?.integer,
            height > validUntil.value
        else { return }
        throw CommandError(
            "tx.expired", "\(hash) was valid until height \(validUntil) and is in no block",
            hint: "nothing of it happened; send it again")
    }
}

/// A transaction as a person and as a script reads it.
struct TransactionView {
    let chain: ChainInfo
    var names: NameBook?
    var book: AssetBook?

    /// The fields that scripts rely on.
    private static let resultFields = [
        "hash", "height", "index", "code", "gasUsed", "fee", "events",
    ]

    func showResult(_ json: JSON, _ options: ClientOptions) {
        guard !options.quiet else { return }
        let fields = TransactionView.resultFields.compactMap { name in
            json[name].map { JSON.Member(name, $0) }
        }
        options.show(.object(fields)) {
            [
                "final        height \(text(json["height"])), \(text(json["code"])),"
                    + " fee \(chain.amountText(json["fee"]))"
            ]
        }
    }

    func lines(_ json: JSON) -> [String] {
        var lines = [
            "hash      \(text(json["hash"]))",
            "status    \(text(json["status"]))" + (isSuccess(json) ? "" : "  \(reason(json))"),
            "height    \(text(json["height"]))  index \(text(json["index"]))",
            "sender    \(text(json["sender"]))  sequence \(text(json["sequence"]))",
            "fee       \(chain.amountText(json["fee"]))"
                + " of at most \(chain.amountText(json["maxFee"]))",
            "gas       \(text(json["gasUsed"])) of \(text(json["gasLimit"]))",
        ]
        if let memo = json["memo"]?.text, !memo.isEmpty {
            lines.append("memo      \(printable(memo))")
        }
        for action in json["actions"]?.items ?? [] {
            lines.append("action    \(describe(action))")
        }
        for event in json["events"]?.items ?? [] {
            lines.append("event     \(describe(event))")
        }
        return lines
    }

    /// `type name=value …` of an action or event.
    func describe(_ json: JSON) -> String {
        guard case .object(let members) = json else { return printable(json.compact) }
        if let line = ActionText(chain: chain, names: names, book: book)
            .action(json)
        {
            return line
        }
        // Without the asset's decimals its amounts are in base units.
        let isNative = (json["asset"]?.integer ?? 0) == 0
        let fields = members.filter { $0.name != "type" && !$0.value.isNull }.map { member in
            let isAmount = member.name == "amount" && isNative
            let value = isAmount ? chain.amountText(member.value) : text(member.value)
            return "\(member.name)=\(names?.relabel(value) ?? value)"
        }
        return ([text(json["type"])] + fields).joined(separator: " ")
    }

    private func isSuccess(_ json: JSON) -> Bool { json["status"]?.text != "failed" }

    private func reason(_ json: JSON) -> String {
        "\(text(json["code"])): \(text(json["error"]))"
    }

    /// - Throws: exit code 1 with the chain's code if the transaction failed there.
    static func checkSuccess(_ json: JSON) throws {
        guard json["status"]?.text == "failed" else { return }
        throw CommandError(
            json["code"]?.text ?? "tx.failed",
            json["error"]?.text ?? "the transaction failed on the chain",
            hint: "its fee was charged, nothing else happened")
    }
}

/// A field of an answer as text; `-` if it is not there.
func text(_ json: JSON?) -> String {
    switch json {
    case nil, .null?: "-"
    case .string(let value)?: printable(value)
    case .number(let digits)?: digits
    case .bool(let value)?: value ? "true" : "false"
    case .array?, .object?: printable(json?.compact ?? "-")
    }
}

/// Text from a chain without what could steer a terminal.
func printable(_ text: String) -> String {
    String(
        String.UnicodeScalarView(
            text.unicodeScalars.map { scalar in
                let isControl = scalar.properties.generalCategory == .control
                let isFormat = scalar.properties.generalCategory == .format
                return isControl || isFormat ? "\u{FFFD}" : scalar
            }))
}
