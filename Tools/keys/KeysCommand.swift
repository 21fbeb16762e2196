import ArgumentParser
import Cryptography

/// `althing keys`: the keys of accounts and what is signed with them outside of transactions.
public struct KeysCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make, keep and use keys.",
        subcommands: [
            NewKey.self, ImportKey.self, ListKeys.self, ShowKey.self, ExportKey.self,
            DeleteKey.self, SignMessage.self, VerifyMessage.self,
        ])

    public init() {}
}

/// A key as JSON shows it: scripts rely on these names.
struct KeyView: Encodable {
    let name: String
    let address: String
    let publicKey: String
    let encrypted: Bool
    /// Only when the key is made.
    var mnemonic: String?
    /// Only when the key is exported.
    var seed: String?

    init(_ entry: KeyEntry) {
        name = entry.name
        address = entry.address.text()
        publicKey = entry.publicKey.hex
        encrypted = entry.isEncrypted
    }

    var fields: [(name: String, value: String)] {
        [
            ("name", name), ("address", address), ("public key", publicKey),
            ("encrypted", encrypted ? "yes" : "no"),
        ] + (seed.map { [("seed", $0)] } ?? [])
    }
}
