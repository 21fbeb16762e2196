import ArgumentParser
import Chain
import Cryptography
import Foundation
import GenesisTool
import KeyTool

/// What a node's machine hands to the operator's, who keeps the account's key elsewhere: the
/// consensus key with the proof that it is there, and where the node is. Nothing in it is secret.
struct ValidatorProof {
    let key: ProvenKey
    let profile: ValidatorProfile

    init(key: ProvenKey, profile: ValidatorProfile) {
        self.key = key
        self.profile = profile
    }

    /// From the keys of a home.
    init(
        _ key: borrowing SigningKey, of home: NodeHome, chainID: ChainID, account: Address,
        _ profile: ProfileOptions
    ) throws {
        self.key = ProvenKey(key, chainID: chainID, operatorAddress: account)
        self.profile = try profile.profile(of: home)
    }

    /// From a file that `validator prove` wrote.
    init(file: String) throws {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw CommandError(
                "file.read", "\(file) cannot be read as UTF-8 text", exit: .notFound)
        }
        do {
            try self.init(json: try JSON(parsing: text))
        } catch let error as JSONError {
            throw CommandError("validator.proof", "\(file): \(error)", exit: .usage)
        } catch let error as CommandError {
            throw CommandError("validator.proof", "\(file): \(error.message)", exit: .usage)
        }
    }

    init(json: JSON) throws {
        func field(_ name: String) throws -> String {
            guard let text = json[name]?.text else {
                throw CommandError("validator.proof", "\(name): not a text")
            }
            return text
        }
        func key(_ name: String) throws -> PublicKey {
            guard let key = PublicKey(hex: try field(name)) else {
                throw CommandError("validator.proof", "\(name): not 64 hexadecimal digits")
            }
            return key
        }
        guard let proof = Signature(hex: try field("proofOfPossession")) else {
            throw CommandError(
                "validator.proof", "proofOfPossession: not 128 hexadecimal digits")
        }
        self.key = ProvenKey(key: try key("consensusKey"), proof: proof)
        profile = ValidatorProfile(
            networkKey: try key("networkKey"), endpoint: try field("endpoint"),
            moniker: try field("moniker"), website: try field("website"),
            contact: try field("contact"))
    }

    var json: JSON {
        .object([
            .init("consensusKey", .string(key.key.hex)),
            .init("proofOfPossession", .string(key.proof.bytes.hex)),
            .init("networkKey", .string(profile.networkKey.hex)),
            .init("endpoint", .string(profile.endpoint)),
            .init("moniker", .string(profile.moniker)),
            .init("website", .string(profile.website)),
            .init("contact", .string(profile.contact)),
        ])
    }

    /// Refuses a proof that was made for somebody else before anything is sent.
    func check(chainID: ChainID, account: Address) throws {
        guard key.isValid(chainID: chainID, operatorAddress: account) else {
            throw CommandError(
                "staking.bad_proof",
                "the proof is not for this account on the chain \(chainID)",
                hint: "make it with the operator's address: althing validator prove",
                exit: .usage)
        }
    }
}

extension ValidatorCommand {
    struct Prove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write what an operator needs whose key is on another machine.",
            discussion: """
                Run it where the node is; take the file to where the account's key is, and give it
                to `validator create` or `validator rotate-key` there with --proof.

                Examples:
                  althing validator prove --node-home ~/v5 --operator alth1… --write-to proof.json
                  althing validator prove --node-home ~/v5 --operator alth1… --next
                """)

        @Option(help: "The node's home, made by `althing init`.")
        var nodeHome: String

        @Option(help: "The address of the operator's account.")
        var `operator`: String

        @Flag(help: "Prove a new key, which is made if none waits, for `rotate-key`.")
        var next = false

        @Option(help: "The file to write; standard output if not given.")
        var writeTo: String?

        @OptionGroup var profile: ProfileOptions

        func run() throws {
            let home = NodeHome(nodeHome)
            let genesis = try GenesisFile.readChecked(home.genesis)
            guard let account = try? Address(text: `operator`, prefix: genesis.prefix) else {
                throw CommandError(
                    "address.invalid", "`\(`operator`)` is not an address of this chain",
                    hint: "it begins with \(genesis.prefix)1", exit: .usage)
            }
            let key = next ? try home.nextKey() : try home.consensusKey(makesMissing: true)
            let proof = try ValidatorProof(
                key, of: home, chainID: genesis.chainID, account: account, profile)
            let text = proof.json.pretty + "\n"
            guard let writeTo else {
                print(text, terminator: "")
                return
            }
            do {
                try text.write(toFile: writeTo, atomically: true, encoding: .utf8)
            } catch {
                throw CommandError("file.write", "\(writeTo) cannot be written")
            }
        }
    }
}

/// Where a validator's keys are: in a home of this machine, or in a file from the node's.
struct NodeHomeOptions: ParsableArguments {
    @Option(help: "The node's home, made by `althing init`; --home if not given.")
    var nodeHome: String?

    @Option(help: "Instead of a home: a file that `validator prove` wrote on the node's machine.")
    var proof: String?

    func validate() throws {
        guard nodeHome == nil || proof == nil else {
            throw ValidationError("give --node-home or --proof, not both")
        }
    }

    func home(_ options: WriteOptions) -> NodeHome {
        NodeHome(nodeHome ?? Home.path(options.client.home))
    }

    /// Where the keys are, for people.
    func place(_ options: WriteOptions) -> String {
        proof.map { "where \($0) was made" } ?? home(options).path
    }

    func proofFile() throws -> ValidatorProof? {
        try proof.map { try ValidatorProof(file: $0) }
    }
}

extension NodeHome {
    /// The consensus key of the home, made if it has none.
    func consensusKey(makesMissing: Bool) throws -> SigningKey {
        if !exists(file(of: .consensus)), makesMissing, exists(file(of: .network)) {
            try writeKey(.consensus, seed: SecureRandom.bytes(count: 32))
            Console.note("made a consensus key; the node must be started again to use it")
        }
        return try readKey(.consensus)
    }

    /// The key that waits for a rotation, made if there is none.
    func nextKey() throws -> SigningKey {
        guard exists(configuration) else {
            throw CommandError(
                "home.missing", "\(path) is no home of a node",
                hint: "name it with --node-home", exit: .notFound)
        }
        if !exists(file(of: .nextConsensus)) {
            try writeKey(.nextConsensus, seed: SecureRandom.bytes(count: 32))
        }
        return try readKey(.nextConsensus)
    }
}
