import Chain
import Cryptography

/// Sentences that the state and receipts keep, as a person reads them.
///
/// What is stored must be the same bytes in every node whatever a chain calls its units, so it has
/// addresses in hexadecimal digits and amounts in base units (`FactStyle.plain`). The few forms
/// that hold such facts are known; any other text stays as it is.
enum PlainFacts {
    static func readable(_ text: String, in style: FactStyle) -> String {
        func amount(_ digits: Substring) -> String {
            UInt64(digits).map { style.amount(Amount($0)) } ?? String(digits)
        }
        return
            text
            .replacing(/\b(account|authority of|balance of) ([0-9a-f]{64})\b/) { match in
                let address = [UInt8](hex: String(match.2)).map { Address($0) }
                return "\(match.1) \(address.map(style.address) ?? String(match.2))"
            }
            .replacing(
                /\b([0-9]{1,20}) of asset 0; ([0-9]{1,20}) is needed/
            ) { "\(amount($0.1)); \(amount($0.2)) is needed" }
            .replacing(
                /of asset 0 would come to ([0-9]{1,20}) in 30 days; the limit is ([0-9]{1,20})/
            ) { "would come to \(amount($0.1)) in 30 days; the limit is \(amount($0.2))" }
            .replacing(/\b([0-9]{1,20}) of asset 0\b/) { match in
                UInt64(match.1).map { style.amount(Amount($0)) } ?? String(match.0)
            }
            .replacing(
                #/
                \bdeposit\ of\ ([0-9]{1,20})\ is
                \ (below\ the\ minimum\ of|above\ what\ is\ missing,)\ ([0-9]{1,20})
                /#
            ) { "deposit of \(amount($0.1)) is \($0.2) \(amount($0.3))" }
            .replacing(/\bhold ([0-9]{1,20}) for deposits of ([0-9]{1,20})/) {
                "hold \(amount($0.1)) for deposits of \(amount($0.2))"
            }
            .replacing(/\bis due after ([0-9]{1,20}) ms\b/) { match in
                UInt64(match.1).map { "is due after \(style.time(Timestamp($0)))" }
                    ?? String(match.0)
            }
            .replacing(/\bpaused until ([0-9]{1,20})\b/) { match in
                UInt64(match.1).map { "paused until \(style.time(Timestamp($0)))" }
                    ?? String(match.0)
            }
    }
}
