import ArgumentParser
import Cryptography

/// Which keystore a command uses.
public struct KeystoreOptions: ParsableArguments {
    @Option(help: "The home with the keystore; $ALTHING_HOME or ~/.althing/default.")
    public var home: String?

    public init() {}

    public func keystore() throws -> Keystore {
        try Keystore.open(home: home)
    }

    /// The address that `text` stands for: an address itself, or the name of a key.
    ///
    /// - Parameter prefix: the prefix of the chain's addresses.
    public func address(
        of text: String, prefix: String = Address.defaultPrefix
    ) throws -> (address: Address, name: String?) {
        guard Keystore.isName(text), !text.hasPrefix(prefix + "1") else {
            do {
                return (try Address(text: text, prefix: prefix), nil)
            } catch {
                throw CommandError(
                    "address.invalid", "`\(text)` is no address: \(error)", exit: .usage)
            }
        }
        return (try keystore().address(named: text), text)
    }
}
