import Chain
import GenesisTool
import KeyTool

/// A condition as people write it: `treasury>=100alt`, `height<=9000`, `executed=3`. A shell reads
/// `<` and `>` itself, so a plain `=` means the same.
enum ConditionText {
    private static let names = ["treasury", "height", "executed"]

    static func parse(_ text: String, _ book: AssetBook) throws -> ProposalCondition {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, let written = parts.first else {
            throw malformed(text)
        }
        let name = written.trimmingSuffix { "<>".contains($0) }
        let sign = written.dropFirst(name.count)
        switch (name, sign) {
        case ("treasury", ""), ("treasury", ">"):
            let least = try book.parse(parts[1], "--only-if treasury")
            return .treasuryAtLeast(asset: least.asset, amount: least.amount)
        case ("height", ""), ("height", "<"):
            return .heightAtMost(Height(try number(parts[1], text)))
        case ("executed", ""):
            return .executed(ProposalID(try number(parts[1], text)))
        default: throw malformed(text, near: nearest(to: String(name), in: names))
        }
    }

    private static func number(_ digits: String, _ text: String) throws -> UInt64 {
        guard let number = UInt64(digits) else { throw malformed(text) }
        return number
    }

    private static func malformed(_ text: String, near: String? = nil) -> CommandError {
        CommandError(
            "proposal.condition", "--only-if `\(text)` is no condition",
            hint: near.flatMap { text.hasPrefix($0) ? nil : "did you mean `\($0)`?" }
                ?? "write treasury=100alt (at least), height=9000 (at most) or executed=3",
            exit: .usage)
    }
}

extension String {
    /// Without the characters at its end that a test accepts.
    fileprivate func trimmingSuffix(while test: (Character) -> Bool) -> Substring {
        var rest = self[...]
        while let last = rest.last, test(last) {
            rest.removeLast()
        }
        return rest
    }
}
