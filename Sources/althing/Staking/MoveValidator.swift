import ArgumentParser
import Chain
import Cryptography
import GenesisTool
import KeyTool
import Storage

extension ValidatorCommand {
    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a validator's key out of a home, to move it to another machine.",
            discussion: """
                The file has the consensus key with the record of what it signed, and the network \
                key by which peers know the validator, sealed with a password. Stop the node \
                before; the home starts no more after it.

                Example:
                  althing validator export moving.key --node-home ~/v5
                """)

        @Argument(help: "The file to write.")
        var file: String

        @Option(help: "The node's home.")
        var nodeHome: String

        @OptionGroup var password: PasswordOptions

        func run() throws {
            let home = NodeHome(nodeHome)
            try home.checkPresent()
            let genesis = try GenesisFile.readChecked(home.genesis)
            let key = try home.exportValidator(
                genesisHash: genesis.hash, to: file,
                password: try password.newPassword(for: file))
            Console.write(file)
            Console.note("the key \(key) is in \(file); \(home.path) starts no more")
            Console.note(
                "next: bring it to the new home, `althing validator import`, and delete it: two"
                    + " nodes with one key lose stake")
        }
    }

    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a validator's key, which was exported elsewhere, into a home.",
            discussion: """
                Make the home first (`althing init`), and let its node follow the chain, so that \
                nothing is missed; stop it for the import.

                Example:
                  althing validator import moving.key --node-home ~/v5-new
                """)

        @Argument(help: "The file of `althing validator export`.")
        var file: String

        @Option(help: "The node's home.")
        var nodeHome: String

        @OptionGroup var password: PasswordOptions

        func run() throws {
            let home = NodeHome(nodeHome)
            let genesis = try GenesisFile.readChecked(home.genesis)
            let transfer = try ValidatorTransfer(file: file) {
                try password.password(for: file)
            }
            try home.importValidator(
                transfer, genesisHash: genesis.hash,
                hasSigned: {
                    guard home.exists(home.signedVotes) else { return false }
                    return try Self.readRecord(of: home) { record throws(StorageError) in
                        !record.rows.isEmpty
                    }
                },
                isCovered: { bytes in
                    try Self.readRecord(of: home) { record throws(StorageError) in
                        try record.isCovered(by: bytes)
                    }
                })
            Console.write(transfer.publicKey.hex)
            Console.note("\(home.path) has the key \(transfer.publicKey), and signs when it starts")
            Console.note(
                "if peers find it elsewhere now: althing validator edit --endpoint HOST:PORT")
            Console.note("delete \(file): a second import of it would sign twice")
        }

        private static func readRecord(
            of home: NodeHome, _ body: (borrowing SignedVoteFile) throws(StorageError) -> Bool
        ) throws -> Bool {
            do throws(StorageError) {
                return try body(
                    try SignedVoteFile(path: home.signedVotes, createIfMissing: false))
            } catch {
                throw CommandError("node.storage", "\(error)", exit: .storage)
            }
        }
    }
}
