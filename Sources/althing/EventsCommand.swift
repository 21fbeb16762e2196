import ArgumentParser
import GenesisTool
import KeyTool

/// `althing events`: what happened in finalized blocks.
struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Follow what happens.", subcommands: [Tail.self])

    struct Tail: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the events of finalized blocks as they come, until interrupted.",
            discussion: """
                Each line has its cursor; --since continues behind one without a gap.

                Example:
                  althing events tail --since 120.0
                """)

        @Option(help: "The cursor to continue behind; the present if not given.")
        var since: String?

        @Option(help: "Stop after so many events.")
        var limit: Int?

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let chain = try await ChainInfo(client)
            let view = TransactionView(
                chain: chain, names: NameBook(chain, home: options.home))
            var cursor: String
            if let since {
                cursor = since
            } else {
                let height = try await client.get("/v1/status")["height"]?.integer ?? 0
                cursor = "\(height + 1).0"
            }
            var left = limit ?? .max
            while left > 0 {
                let page = try await client.get(
                    "/v1/events", [("since", cursor), ("limit", String(min(left, 100)))])
                let items = page["items"]?.items ?? []
                for event in items {
                    show(event, view)
                }
                left -= items.count
                // How far the page looked, also through blocks without events.
                cursor = page["cursor"]?.text ?? cursor
                if items.isEmpty && page["next"]?.text == nil {
                    try await Task.sleep(for: .milliseconds(250))
                }
            }
        }

        private func show(_ event: JSON, _ view: TransactionView) {
            switch options.format {
            case .json: Console.write(event.compact)
            case .table: Console.write("\(text(event["cursor"]))  \(view.describe(event))")
            }
        }
    }
}
