import ArgumentParser
import Chain
import Cryptography
import KeyTool

extension GenesisCommand {
    struct Entry: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "entry",
            abstract: "Sign the file with which a validator joins a genesis.",
            discussion: """
                The operator's key signs the entry, and the home's consensus key proves that it is
                there. Send the file to whoever collects the genesis; nothing in it is secret.

                Example:
                  althing genesis entry --home node --keys ~/.althing --operator olga \\
                    --self-bond 1000alt --moniker olga --endpoint node.example.org:26656
                """)

        @Option(help: "The validator's home, made by `althing init`.")
        var home: String

        @Option(help: "The name of the operator's key.")
        var `operator`: String

        @Option(help: "The home whose keystore has the operator's key; the default profile's.")
        var keys: String?

        @Option(help: "What the operator bonds, like 1000alt.")
        var selfBond: String

        @Option(help: "The name that people see.")
        var moniker: String

        @Option(help: "Where people read about the validator, at most 128 bytes.")
        var website = ""

        @Option(help: "How people reach the operator, at most 128 bytes.")
        var contact = ""

        @Option(help: "Where peers reach the node, host:port; empty to tell nobody.")
        var endpoint = ""

        @Option(help: "The operator's part of the rewards, in basis points.")
        var commission: UInt16 = 500

        @Option(help: "The file to write; standard output if not given.")
        var output: String?

        @OptionGroup var options: GenesisOptions
        @OptionGroup var password: PasswordOptions

        func run() throws {
            let genesis = try options.read()
            let bond = try genesis.amount(selfBond, "--self-bond")
            let node = NodeHome(home)
            let consensusKey = try node.readKey(.consensus)
            let networkKey = try node.readKey(.network).publicKey
            let keystore = try Keystore.open(home: keys)
            let entry = GenesisEntry(
                chainID: genesis.chainID,
                operatorKey: try keystore.signingKey(named: `operator`, password: password),
                consensusKey: consensusKey, networkKey: networkKey, endpoint: endpoint,
                moniker: moniker, website: website, contact: contact, commission: commission,
                selfBond: bond)
            let problems = entry.problems(chainID: genesis.chainID)
            guard problems.isEmpty else {
                throw CommandError(
                    "genesis.entry", problems.map(\.description).joined(separator: "\n  "),
                    exit: .usage)
            }
            let text = entry.json.pretty + "\n"
            if let output {
                try GenesisFile.write(text, to: output)
            } else {
                print(text, terminator: "")
            }
        }
    }
}
