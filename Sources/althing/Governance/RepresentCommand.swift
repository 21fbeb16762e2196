import ArgumentParser
import Chain
import Cryptography
import GenesisTool
import KeyTool

/// `althing gov represent`: who votes with one's stake while one does not.
struct RepresentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "represent",
        abstract: "Lend one's votes to others, by topic, and take them back.",
        discussion: """
            A representative votes with the part that it is lent as long as its owner does not \
            vote itself. What it is lent it cannot pass on. Topics are default, treasury, protocol \
            and people.
            """,
        subcommands: [Add.self, Remove.self, List.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Name representatives, besides those that are named already.",
            discussion: """
                Examples:
                  althing gov represent add bob=60% carol=40% --topic treasury --from alice
                  althing gov represent add bob=100% --from alice
                """)

        @Argument(help: "Parts like bob=60%, of an address or the name of a key.")
        var parts: [String]

        @OptionGroup var topics: TopicOptions
        @OptionGroup var options: WriteOptions

        func run() async throws {
            let desk = try await RepresentDesk(options)
            let added = try parts.map { try desk.representative($0) }
            try await desk.change(topics.groups, summary: "name representatives") { list in
                var list = list
                for new in added {
                    if let index = list.firstIndex(where: { $0.account == new.account }) {
                        list[index] = new
                    } else {
                        list.append(new)
                    }
                }
                return list
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take back what representatives were lent.",
            discussion: """
                Examples:
                  althing gov represent remove bob --topic treasury --from alice
                  althing gov represent remove all --from alice
                """)

        @Argument(help: "An address, the name of a key, or all.")
        var names: [String]

        @OptionGroup var topics: TopicOptions
        @OptionGroup var options: WriteOptions

        func run() async throws {
            let desk = try await RepresentDesk(options)
            let all = names == ["all"]
            let removed = try all ? [] : names.map { try desk.address($0) }
            let known = topics.groups.flatMap { desk.lists[$0] ?? [] }.map(\.account)
            if let missing = removed.first(where: { !known.contains($0) }) {
                throw CommandError(
                    "gov.not_a_representative",
                    "\(desk.name(missing)) does not represent this account",
                    hint: "`althing gov represent list` shows who does", exit: .notFound)
            }
            try await desk.change(topics.groups, summary: "remove representatives") { list in
                all ? [] : list.filter { !removed.contains($0.account) }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what an account lends and what it was lent.",
            discussion: "Example:\n  althing gov represent list alice")

        @Argument(help: "An address, or the name of a key.")
        var account: String

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let chain = try await ChainInfo(client)
            let address = chain.text(try chain.address(account, home: options.home))
            let json = try await client.get("/v1/accounts/\(address)/representatives")
            options.show(json, id: address) {
                RepresentationText(chain: chain, home: options.home).lines(json)
            }
        }
    }
}

struct TopicOptions: ParsableArguments {
    @Option(help: "default, treasury, protocol or people; all of them if it is left out.")
    var topic: [String] = []

    var groups: [TopicGroup] {
        topic.isEmpty
            ? TopicGroup.allCases : TopicGroup.allCases.filter { topic.contains($0.name) }
    }

    func validate() throws {
        let names = TopicGroup.allCases.map(\.name)
        for name in topic where !names.contains(name) {
            let near = nearest(to: name, in: names).map { ": did you mean `\($0)`?" } ?? ""
            throw ValidationError(
                "--topic `\(name)` is none of \(names.joined(separator: ", "))\(near)")
        }
    }
}

/// What the commands that change representatives share.
struct RepresentDesk {
    let builder: TransactionBuilder
    /// Who is named now.
    let lists: [TopicGroup: [Representative]]
    private let powers: JSON

    init(_ options: WriteOptions) async throws {
        builder = try await TransactionBuilder(options)
        let senders = try options.senders(in: builder.keystore)
        guard let sender = senders.first, senders.count == 1 else {
            throw CommandError(
                "gov.one_account", "this command acts for one account at a time",
                hint: "give --from one name", exit: .usage)
        }
        let chain = builder.chain
        let address = chain.text(try builder.keystore.address(named: sender))
        powers = try await builder.client.get("/v1/accounts/\(address)/representatives")
        lists = RepresentDesk.lists(powers, chain)
    }

    private static func lists(_ json: JSON, _ chain: ChainInfo) -> [TopicGroup: [Representative]] {
        var lists: [TopicGroup: [Representative]] = [:]
        for topic in json["topics"]?.items ?? [] {
            guard let group = TopicGroup.allCases.first(where: { $0.name == topic["topic"]?.text })
            else { continue }
            lists[group] = (topic["representatives"]?.items ?? []).compactMap { entry in
                guard let text = entry["account"]?.text,
                    let account = try? Address(text: text, prefix: chain.prefix),
                    let weight = entry["weight"]?.integer.flatMap({ UInt16(exactly: $0) })
                else { return nil }
                return Representative(account: account, weight: weight)
            }
        }
        return lists
    }

    func address(_ name: String) throws -> Address {
        try builder.chain.address(name, home: builder.options.client.home)
    }

    func name(_ address: Address) -> String {
        RepresentationText(chain: builder.chain, home: builder.options.client.home)
            .name(builder.chain.text(address))
    }

    /// `bob=60%`.
    func representative(_ text: String) throws -> Representative {
        let pair = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
        guard pair.count == 2 else {
            throw CommandError(
                "represent.invalid", "`\(text)` is no part of somebody",
                hint: "write it like bob=60%", exit: .usage)
        }
        return Representative(
            account: try address(pair[0]),
            weight: try PercentText.basisPoints(pair[1], "the part of \(pair[0])"))
    }

    /// Sends one action for each topic whose list changes; what the chain would refuse it refuses
    /// in the dry run, before anything is signed.
    func change(
        _ groups: [TopicGroup], summary: String,
        _ edit: ([Representative]) -> [Representative]
    ) async throws {
        var actions: [Action] = []
        var effects: [String] = []
        for group in groups {
            let old = lists[group] ?? []
            let new = edit(old)
            guard new != old else { continue }
            actions.append(
                .representation(RepresentationAction(group: group, representatives: new)))
            effects.append(line(group, new))
        }
        guard !actions.isEmpty else {
            throw CommandError(
                "gov.nothing_changes", "that is how it is already",
                hint: "`althing gov represent list` shows it", exit: .refused)
        }
        let topics = groups.count == TopicGroup.allCases.count ? "all topics" : "the topics named"
        try await builder.send(
            actions, summary: "\(summary) for \(topics)",
            effects: effects + RepresentDesk.effects)
    }

    /// `treasury  bob 60 %, carol 40 %; the rest stays with you`.
    private func line(_ group: TopicGroup, _ list: [Representative]) -> String {
        let gap = String(repeating: " ", count: max(1, 13 - group.name.count))
        guard !list.isEmpty else { return group.name + gap + "nobody: all of it is yours alone" }
        let parts = list.map {
            name($0.account) + " " + PercentText.print(basisPoints: UInt64($0.weight))
        }
        let sum = list.reduce(0) { $0 + UInt64($1.weight) }
        let rest =
            sum < 10_000
            ? "; \(PercentText.print(basisPoints: 10_000 - sum)) stays with you" : ""
        return group.name + gap + parts.joined(separator: ", ") + rest
    }

    /// What follows whoever is named.
    static let effects = [
        "counts       in votes whose snapshot comes after this; those that are open keep what they"
            + " have",
        "to override  vote yourself, before or after them: your part leaves their ballots at once",
        "not passed   on: they cannot lend what you lend them",
        "your stake   stays yours, with its rewards and its risks; only its votes are lent",
    ]
}

/// What an account lends and was lent, as people read it.
struct RepresentationText {
    let chain: ChainInfo
    let home: String?

    /// A name of the keystore, if it has the address.
    func name(_ address: String) -> String {
        guard let keystore = try? Keystore.open(home: home),
            let names = try? keystore.names(),
            let own = names.first(where: { name in
                (try? keystore.address(named: name)).map { chain.text($0) } == address
            })
        else { return address }
        return own
    }

    func lines(_ json: JSON) -> [String] {
        var lines: [String] = []
        for topic in json["topics"]?.items ?? [] {
            let title = text(topic["topic"])
            let gap = String(repeating: " ", count: max(1, 11 - title.count))
            lines.append(
                title + gap + "own \(chain.amountText(topic["own"]))"
                    + ", received \(chain.amountText(topic["received"]))")
            for entry in topic["representatives"]?.items ?? [] {
                let weight = PercentText.print(basisPoints: entry["weight"]?.integer ?? 0)
                lines.append(
                    "           \(name(text(entry["account"]))) has \(weight):"
                        + " \(chain.amountText(entry["power"]))")
            }
            if let refused = topic["refusedPlaces"]?.integer, refused > 0 {
                lines.append(
                    "           \(refused) places more lend to it than count; their owners vote"
                        + " with them")
            }
        }
        return lines
    }
}

/// One's own weight in a vote, and how it was used.
struct WeightText {
    let chain: ChainInfo
    let names: RepresentationText

    /// No lines for who has no power and never had.
    func lines(_ json: JSON, as name: String) -> [String] {
        let ballot = json["ballot"].flatMap { $0.isNull ? nil : $0 }
        let power = json["power"]?.integer ?? 0
        guard power > 0 || ballot != nil else { return [] }
        let gap = String(repeating: " ", count: max(1, 10 - name.count))
        var lines = [
            name + gap + "\(chain.amountText(json["power"])): own \(chain.amountText(json["own"]))"
                + received(json)
        ]
        let indent = String(repeating: " ", count: 10)
        if let ballot {
            lines.append(
                indent + "voted \(WeightText.answer(ballot["weights"])) with "
                    + chain.amountText(ballot["power"]))
            return lines
        }
        lines.append(indent + "has not voted")
        for part in json["lent"]?.items ?? [] {
            let votes = part["votes"].flatMap { $0.isNull ? nil : WeightText.answer($0) }
            lines.append(
                indent + "\(names.name(text(part["representative"]))) has "
                    + chain.amountText(part["power"]) + " of it, and "
                    + (votes.map { "voted \($0) with it" } ?? "has not voted with it"))
        }
        return lines
    }

    private func received(_ json: JSON) -> String {
        guard let received = json["received"]?.integer, received > 0 else { return "" }
        let taken = json["takenBack"]?.integer ?? 0
        return ", received \(chain.amountText(json["received"]))"
            + (taken > 0 ? " of which \(chain.amountText(json["takenBack"])) was taken back" : "")
    }

    /// `yes`, or `yes 60 %, no 40 %`.
    static func answer(_ weights: JSON?) -> String {
        let parts = ["yes", "no", "abstain", "veto"].compactMap { option in
            weights?[option]?.integer.flatMap { $0 > 0 ? (option, $0) : nil }
        }
        if parts.count == 1, let only = parts.first { return only.0 }
        return parts.map { "\($0.0) \(PercentText.print(basisPoints: $0.1))" }
            .joined(separator: ", ")
    }
}
