import ArgumentParser
import Chain
import Cryptography
import Foundation
import GenesisTool
import KeyTool
import Node

extension ValidatorCommand {
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the account a validator, with the keys of a node's home.",
            discussion: """
                The home is that of a node that follows the chain already (`althing init`,
                `althing node start`). Its consensus key proves that it is there; a home without one
                gets one. Two homes with one consensus key lose stake: never copy a running home.
                Where the account's key is on another machine, `validator prove` makes a file there.

                Examples:
                  althing validator create --node-home ~/v5 --self-bond 1000alt --from olga
                  althing validator create --proof proof.json --self-bond 1000alt --from olga
                """)

        @OptionGroup var node: NodeHomeOptions

        @Option(help: "What the operator bonds, like 1000alt.")
        var selfBond: String

        @Option(help: "The operator's part of the rewards.")
        var commission = "5%"

        @OptionGroup var profile: ProfileOptions
        @OptionGroup var options: WriteOptions

        func run() async throws {
            let desk = try await StakeDesk(options, isForOne: true)
            let chain = desk.chain
            let bond = try chain.amount(selfBond, "--self-bond")
            let rate = try PercentText.basisPoints(commission, "--commission")
            guard let name = try options.senders(in: desk.builder.keystore).first else { return }
            let account = try desk.builder.keystore.address(named: name)
            let proof = try proof(account, chain.chainID)
            let draft = ValidatorDraft(
                consensusKey: proof.key, profile: proof.profile, commission: rate, selfBond: bond)
            let moniker = printable(draft.profile.moniker)
            try await desk.send(
                .createValidator(draft),
                summary: "make \(name) the operator of the validator \(moniker)",
                effects: effects(draft, desk))
            guard !options.dryRun, options.wait == .final else { return }
            try await report(account, desk)
        }

        private func proof(_ account: Address, _ chainID: ChainID) throws -> ValidatorProof {
            guard let proof = try node.proofFile() else {
                let home = node.home(options)
                return try ValidatorProof(
                    try home.consensusKey(makesMissing: !options.dryRun), of: home,
                    chainID: chainID, account: account, profile)
            }
            try proof.check(chainID: chainID, account: account)
            return ValidatorProof(key: proof.key, profile: profile.changed(proof.profile))
        }

        private func effects(_ draft: ValidatorDraft, _ desk: StakeDesk) -> [String] {
            let chain = desk.chain
            let election = desk.staking["nextElection"]
            let endpoint = draft.profile.endpoint
            return [
                "node         \(node.place(options))",
                "key          \(draft.consensusKey.key), the only one that may ever vote for it",
                "endpoint     "
                    + (endpoint.isEmpty ? "none: others cannot dial it (--endpoint)" : endpoint),
                "commission   \(PercentText.print(basisPoints: UInt64(draft.commission)))",
                "self-bond    \(chain.text(draft.selfBond)) leave the account; back only by "
                    + "unbonding, which takes \(DurationText.print(chain.parameters.unbonding))",
                "elected      at the earliest for epoch \(text(election?["epoch"])), "
                    + WhenText.print(election?["expected"]),
                "then         its node must run: who misses most of an epoch is jailed, and who "
                    + "votes twice loses stake, with all who delegate to it",
            ]
        }

        private func report(_ account: Address, _ desk: StakeDesk) async throws {
            let address = desk.chain.text(account)
            let json = try await desk.builder.client.get("/v1/validators/\(address)")
            if options.client.quiet { return }
            guard let seat = json["forecastSeat"], !seat.isNull else {
                Console.note(
                    "an election now would not seat it: others have more stake, or its weight is 0")
                return
            }
            Console.note(
                "an election now would give it \(desk.chain.amountText(seat["power"])) of power in "
                    + "epoch \(text(seat["epoch"])); `althing validator status \(address)` shows it"
            )
        }
    }

    struct Edit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change what a validator says of itself, or its commission.",
            discussion: """
                A lower commission holds at once; a higher one is announced a week ahead, and by one
                percentage point at a time.

                Example:
                  althing validator edit --website https://olga.example --commission 4% --from olga
                """)

        @Option(help: "The name that people see.")
        var moniker: String?

        @Option(help: "Where peers reach the node, host:port; empty to tell nobody.")
        var endpoint: String?

        @Option(help: "A page about the validator.")
        var website: String?

        @Option(help: "How to reach its people.")
        var contact: String?

        @Option(help: "The operator's part of the rewards, like 4%.")
        var commission: String?

        @Option(help: "A home whose network key becomes the validator's.")
        var networkHome: String?

        @OptionGroup var options: WriteOptions

        func run() async throws {
            let desk = try await StakeDesk(options, isForOne: true)
            let own = try await OwnValidator(desk)
            var profile = try own.profile()
            var lines: [String] = []
            func set(_ name: String, _ old: inout String, to new: String?) {
                guard let new, new != old else { return }
                lines.append(name.padding(to: 13) + "\(printable(old)) → \(printable(new))")
                old = new
            }
            let before = profile
            set("moniker", &profile.moniker, to: moniker)
            set("endpoint", &profile.endpoint, to: endpoint)
            set("website", &profile.website, to: website)
            set("contact", &profile.contact, to: contact)
            if let networkHome {
                profile.networkKey = try NodeHome(networkHome).readKey(.network).publicKey
                lines.append("network key  → \(profile.networkKey)")
            }
            let rate = try commission.map { try PercentText.basisPoints($0, "--commission") }
            if let rate { lines += own.effects(ofCommission: rate) }
            let edit = ValidatorEdit(
                profile: profile == before ? nil : profile, commission: rate)
            try await desk.send(
                .editValidator(edit), summary: "edit the validator \(own.name)", effects: lines)
        }
    }

    struct Unjail: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a validator's jail when its time is over.",
            discussion: "Example:\n  althing validator unjail --from olga")

        @OptionGroup var options: WriteOptions

        func run() async throws {
            let desk = try await StakeDesk(options)
            let election = desk.staking["nextElection"]
            try await desk.send(
                .unjail, summary: "end the jail of the validator of \(options.from)",
                effects: [
                    "elected      at the earliest for epoch \(text(election?["epoch"])), "
                        + WhenText.print(election?["expected"]),
                    "before       see that its node runs and is synced: the next jail is longer",
                ])
        }
    }

    struct Leave: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a validator up for good; its self-bond unbonds.",
            discussion: "Example:\n  althing validator leave --from olga")

        @OptionGroup var options: WriteOptions

        func run() async throws {
            let desk = try await StakeDesk(options, isForOne: true)
            let own = try await OwnValidator(desk)
            let last = desk.staking["epoch"]?.integer.map { String($0.advanced(clampingBy: 1)) }
            try await desk.send(
                .leave, summary: "give up the validator \(own.name)",
                effects: [
                    "its node     must run on: it may sit to the end of epoch \(last ?? "-")",
                    "self-bond    \(desk.chain.amountText(own.json["selfBond"])) are paid "
                        + WhenText.print(desk.staking["exit"]?["free"]),
                    "delegators   keep their stake, which earns nothing more: they undelegate or "
                        + "redelegate it",
                    "the way back is a new validator, when nothing is left of this one",
                ])
        }
    }
}

/// What a new validator says of itself; what is not given comes from the node's settings.
struct ProfileOptions: ParsableArguments {
    @Option(help: "The name that people see; the node's if not given.")
    var moniker: String?

    @Option(help: "Where peers reach the node, host:port; where it listens if not given.")
    var endpoint: String?

    @Option(help: "A page about the validator.")
    var website: String?

    @Option(help: "How to reach its people.")
    var contact: String?

    /// A profile with what the flags say instead.
    func changed(_ profile: ValidatorProfile) -> ValidatorProfile {
        ValidatorProfile(
            networkKey: profile.networkKey, endpoint: endpoint ?? profile.endpoint,
            moniker: moniker ?? profile.moniker, website: website ?? profile.website,
            contact: contact ?? profile.contact)
    }

    func profile(of home: NodeHome) throws -> ValidatorProfile {
        let networkKey = try home.readKey(.network).publicKey
        let settings = try NodeSettings.load(home.configuration, environment: [:])
        // Where it listens says nothing if that is everywhere, or a port yet to be chosen.
        let listens = settings.listen
        let isTold = !["0.0.0.0", "::", "[::]"].contains(listens.host) && listens.port != 0
        return changed(
            ValidatorProfile(
                networkKey: networkKey, endpoint: isTold ? listens.description : "",
                moniker: settings.moniker))
    }
}

/// The validator whose operator sends.
struct OwnValidator {
    let json: JSON
    let chain: ChainInfo

    init(_ desk: StakeDesk) async throws {
        chain = desk.chain
        let options = desk.builder.options
        let names = try options.senders(in: desk.builder.keystore)
        let address = try names.first.map {
            desk.chain.text(try desk.builder.keystore.address(named: $0))
        }
        guard let found = desk.book.validator(address ?? "") else {
            throw CommandError(
                "staking.not_an_operator", "\(options.from) has no validator",
                hint: "sign with the operator's key, or make one: althing validator create",
                exit: .notFound)
        }
        json = found
    }

    var name: String { text(json["moniker"]) }

    func profile() throws -> ValidatorProfile {
        guard let key = json["networkKey"]?.text.flatMap(PublicKey.init(hex:)),
            let endpoint = json["endpoint"]?.text, let moniker = json["moniker"]?.text,
            let website = json["website"]?.text, let contact = json["contact"]?.text
        else {
            throw CommandError(
                "node.answer", "the node's answer about the validator lacks something",
                exit: .notReached)
        }
        return ValidatorProfile(
            networkKey: key, endpoint: endpoint, moniker: moniker, website: website,
            contact: contact)
    }

    func effects(ofCommission rate: UInt16) -> [String] {
        let now = json["commission"]?.integer ?? 0
        let text =
            "commission   \(PercentText.print(basisPoints: now)) → "
            + PercentText.print(basisPoints: UInt64(rate))
        return [text + (UInt64(rate) > now ? ", a week from now at the earliest" : ", at once")]
    }
}
