import ArgumentParser
import Chain
import GenesisTool
import KeyTool

extension GovernanceCommand {
    /// Two commands in one, by what its first word is: a proposal's number, or a kind and what
    /// `gov propose` takes.
    struct Simulate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what would happen if it passed today; nothing is sent.",
            discussion: """
                Of a proposal that is there, what its execution would do now, or why it would \
                fail. Of one that is not, the track, the deposit and the changes.

                Examples:
                  althing gov simulate 1
                  althing gov simulate spend bob 5alt carol 3alt
                  althing gov simulate param gov.spendSmallDelay=2h --from alice
                  althing gov simulate --file proposal.json
                """)

        @Argument(
            parsing: .captureForPassthrough,
            help: "The number of a proposal, or the arguments of `gov propose`.")
        var words: [String] = []

        func run() async throws {
            guard let first = words.first, !["-h", "--help", "help"].contains(first) else {
                throw CleanExit.helpRequest(Simulate.self)
            }
            if UInt64(first) != nil {
                try await Present.parse(words).run()
                return
            }
            var command = try ProposeCommand.parseAsRoot(
                Simulate.draft(words, sender: defaultSender))
            guard var command = command as? any AsyncParsableCommand else {
                try command.run()
                return
            }
            try await command.run()
        }

        /// What `gov propose` would be given: a file has no kind of its own, and a proposal needs
        /// somebody whose deposit it would be.
        static func draft(
            _ words: [String], sender: () throws -> String
        ) rethrows -> [String] {
            let kind = words.first?.hasPrefix("--") == true ? ["custom"] : []
            let from = words.contains { $0 == "--from" || $0.hasPrefix("--from=") }
            return kind + words.filter { $0 != "--dry-run" } + ["--dry-run"]
                + (from ? [] : ["--from", try sender()])
        }

        private func defaultSender() throws -> String {
            let home = words.firstIndex(of: "--home").flatMap { index in
                words.indices.contains(index + 1) ? words[index + 1] : nil
            }
            guard let name = try Keystore.open(home: home).names().first else {
                throw CommandError(
                    "keys.none", "there is no key whose proposal it could be",
                    hint: "althing keys new NAME, or give --from", exit: .notFound)
            }
            return name
        }

        /// `gov simulate ID`.
        struct Present: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                commandName: "simulate",
                abstract: "Show what a proposal would do if it were executed now.",
                discussion: "Example:\n  althing gov simulate 1")

            @Argument(help: "The proposal's number.")
            var id: UInt64

            @OptionGroup var options: ClientOptions

            func run() async throws {
                let client = try options.client()
                let chain = try await ChainInfo(client)
                let view = try await ProposalView(client, chain, home: options.home)
                let json = try await client.get("/v1/gov/proposals/\(id)")
                let status = text(json["status"])
                let run = try await client.get("/v1/gov/proposals/\(id)/dryrun", [("now", "1")])
                let isDone = status == "executed"
                let present = JSON.object([
                    .init("actions", json["actions"] ?? .null), .init("dryRun", run),
                ])
                options.show(run, id: run["ok"]?.boolean == true ? "ok" : "failing") {
                    let when =
                        isDone
                        ? "was executed in block \(text(run["height"]))"
                        : "in block \(text(run["height"])), if it passed today"
                    return ["proposal  \(id)  \(text(json["title"])): \(when)"]
                        + view.actionLines(json) + view.dryRunLines(of: present, isDone: isDone)
                        + (text(json["actions"]) == "[]" ? ["nothing   it is a text"] : [])
                }
                for field in ["error", "falseGuard"] {
                    guard let reason = run[field], !reason.isNull else { continue }
                    throw CommandError(
                        text(reason["code"]), view.names.relabel(text(reason["message"])),
                        hint: field == "error"
                            ? "it would stay queued, be tried again, and fail at last"
                            : "it would expire")
                }
            }
        }
    }

    struct Kinds: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what proposals may do: fields, topics and tracks.",
            discussion: """
                What it shows is also what a file for `gov propose custom --file` has.

                Examples:
                  althing gov kinds
                  althing gov kinds stream
                """)

        @Argument(help: "One kind; all if not given.")
        var kind: String?

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let json = try await client.get("/v1/gov/kinds")
            let kinds = json["items"]?.items ?? []
            guard let kind else {
                options.show(
                    list: kinds, id: { text($0["kind"]) },
                    header: ["kind", "topic", "track", "fields", "what"]
                ) { item in
                    [
                        text(item["kind"]), text(item["group"]),
                        item["track"]?.text ?? "by its size or name",
                        (item["fields"]?.items ?? []).map { text($0["name"]) }
                            .joined(separator: " "),
                        text(item["summary"]),
                    ]
                }
                return
            }
            let found = kinds.first { [$0["kind"]?.text, $0["action"]?.text].contains(kind) }
            guard let found else {
                let names = kinds.compactMap { $0["kind"]?.text }
                throw CommandError(
                    "proposal.kind", "there is no kind `\(kind)`",
                    hint: nearest(to: kind, in: names).map { "did you mean `\($0)`?" }
                        ?? names.joined(separator: ", "), exit: .usage)
            }
            options.show(found, id: kind) {
                [
                    "kind    \(text(found["kind"]))  {\"type\": \"\(text(found["action"]))\", …}",
                    "does    \(text(found["summary"]))",
                    "topic   \(text(found["group"]))",
                    "track   \(found["track"]?.text ?? text(found["trackRule"]))",
                ] + Kinds.lines(found["fields"]?.items ?? [], indent: "")
            }
        }

        private static func lines(_ fields: [JSON], indent: String) -> [String] {
            fields.flatMap { field -> [String] in
                let choices = field["choices"]?.items?.map { text($0) }.joined(separator: " | ")
                let isOptional = field["required"]?.boolean == false
                return [
                    "field   \(indent)\(text(field["name"]))  \(text(field["type"]))"
                        + (isOptional ? ", may be left out" : "")
                        + ": \(text(field["description"]))"
                        + (choices.map { " (\($0))" } ?? "")
                ] + lines(field["fields"]?.items ?? [], indent: indent + "  ")
            }
        }
    }
}

extension ProposalView {
    /// A proposal with what it would do now in place of what it would have done when the chain last
    /// tried it.
    static func present(_ id: UInt64, _ client: Client) async throws -> JSON {
        let json = try await client.get("/v1/gov/proposals/\(id)")
        guard case .object(let members) = json, let status = json["status"]?.text,
            !finalStates.contains(status),
            let now = try? await client.get("/v1/gov/proposals/\(id)/dryrun", [("now", "1")])
        else { return json }
        return .object(members.map { $0.name == "dryRun" ? .init("dryRun", now) : $0 })
    }
}
