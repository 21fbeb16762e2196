import Chain
import Cryptography
import GenesisTool
import KeyTool

/// What addresses are called here: by the keys of the keystore, and the ledger's own accounts.
/// Monikers are no names: whoever likes can take one.
struct NameBook {
    /// Streams have accounts of their own; those with a higher number are shown by address.
    private static let streamsMax: UInt64 = 200

    private let names: [String: String]

    init(_ names: [String: String]) {
        self.names = names
    }

    init(_ chain: ChainInfo, home: String?) {
        var names: [String: String] = [:]
        for module in ModuleID.allCases {
            names[chain.text(module.address)] = NameBook.title(of: module)
        }
        for number in 1...NameBook.streamsMax {
            names[chain.text(StreamID(number).account)] = "the account of stream \(number)"
        }
        if let keystore = try? Keystore.open(home: home), let all = try? keystore.names() {
            for name in all {
                guard let address = try? keystore.address(named: name) else { continue }
                names[chain.text(address)] = name
            }
        }
        self.names = names
    }

    private static func title(of module: ModuleID) -> String {
        switch module {
        case .treasury: "the treasury"
        case .bondedPool: "the bonded pool"
        case .depositEscrow: "the escrow of deposits"
        case .slashEscrow: "the escrow of slashes"
        case .feeCollector: "the collected fees"
        }
    }

    /// `carol`, or the address of somebody else.
    func short(_ address: String) -> String { names[address] ?? printable(address) }

    /// `carol (alth1…)`: what a person checks before it signs or votes.
    func long(_ address: String) -> String {
        names[address].map { "\($0) (\(printable(address)))" } ?? printable(address)
    }

    /// A text with every known address in it as its name.
    func relabel(_ text: String) -> String {
        var result = ""
        var word = ""
        for character in text {
            if character.isASCII, character.isLetter || character.isNumber {
                word.append(character)
                continue
            }
            result += names[word] ?? word
            result.append(character)
            word = ""
        }
        result += names[word] ?? word
        // What the ledger owns is called by what it is, not as an account.
        return result.replacing("The account the ", with: "The ")
            .replacing("account the ", with: "the ")
    }

    /// An error of a node with names in place of addresses.
    func relabel(_ error: CommandError) -> CommandError {
        CommandError(
            error.code, relabel(error.message), hint: error.hint.map { relabel($0) },
            exit: error.exit)
    }
}
