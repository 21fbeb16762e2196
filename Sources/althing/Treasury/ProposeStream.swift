import ArgumentParser
import Chain
import Cryptography
import GenesisTool
import KeyTool

extension ProposeCommand {
    struct Stream: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Pay out of the treasury over time.",
            discussion: """
                The whole sum leaves the treasury at once; the recipient claims what is due, \
                and a later proposal may recall the rest.

                Examples:
                  althing gov propose stream bob 100alt --over 365d --cliff 90d --from alice
                  althing gov propose stream bob --tranche +30d=10alt --tranche 2027-12-24=20alt \
                --from alice
                """)

        @Argument(help: "Who may claim it.")
        var to: String

        @Argument(help: "An amount like 100alt, in proportion to time; not with --tranche.")
        var amount: String?

        @Option(help: "When it begins: now, +2h, or a date in UTC.")
        var start = "now"

        @Option(help: "How long it runs, like 365d.")
        var over: String?

        @Option(help: "Nothing before so long after the start, like 90d.")
        var cliff: String?

        @Option(help: "TIME=AMOUNT, due at once at its time; up to 16 times.")
        var tranche: [String] = []

        @OptionGroup var options: Options

        func validate() throws {
            guard tranche.isEmpty == (amount != nil), tranche.isEmpty == (over != nil) else {
                throw ValidationError("give AMOUNT and --over, or --tranche")
            }
            guard tranche.count <= StreamSchedule.tranchesMax else {
                throw ValidationError("at most \(StreamSchedule.tranchesMax) tranches")
            }
        }

        func run() async throws {
            let proposer = try await Proposer(options)
            let chain = proposer.builder.chain
            let client = proposer.builder.client
            let book = try await AssetBook(client, chain)
            let now = try await MomentText.now(client)
            let recipient = try chain.address(to, home: options.write.client.home)
            let (asset, schedule) = try schedule(book, now)
            let total = schedule.total.map { book.text($0, of: asset) } ?? "too much"
            var lines = [
                "treasury puts \(total) aside for \(to)",
                "the first can be claimed from \(WhenText.date(schedule.firstDue)), all of it "
                    + "from \(WhenText.date(schedule.end))",
            ]
            if schedule.firstDue < now {
                lines.append("what is due by the decision can be claimed at once")
            }
            try await proposer.submit(
                [
                    .stream(
                        StreamPlan(recipient: recipient, asset: asset, schedule: schedule))
                ],
                title: "Stream \(total) to \(to)", effects: lines)
        }

        private func schedule(
            _ book: AssetBook, _ now: Timestamp
        ) throws -> (AssetID, StreamSchedule) {
            if let amount, let over {
                let parsed = try book.parse(amount, "the amount")
                let start = try MomentText.parse(start, now: now, "--start")
                let cliff = try cliff.map { try MomentText.duration($0, "--cliff") } ?? 0
                return (
                    parsed.asset,
                    .linear(
                        amount: parsed.amount, start: start, cliff: start.advanced(by: cliff),
                        end: start.advanced(by: try MomentText.duration(over, "--over")))
                )
            }
            var asset: AssetID?
            var tranches: [StreamTranche] = []
            for text in tranche {
                let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
                guard parts.count == 2 else {
                    throw CommandError(
                        "stream.tranche", "`\(text)` is not TIME=AMOUNT", exit: .usage)
                }
                let parsed = try book.parse(parts[1], "--tranche")
                guard asset == nil || asset == parsed.asset else {
                    throw CommandError(
                        "stream.assets", "the tranches are of more than one asset", exit: .usage)
                }
                asset = parsed.asset
                tranches.append(
                    StreamTranche(
                        time: try MomentText.parse(parts[0], now: now, "--tranche"),
                        amount: parsed.amount))
            }
            return (asset ?? .native, .tranches(tranches.sorted { $0.time < $1.time }))
        }
    }

    struct RecallStream: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "recall-stream",
            abstract: "End a stream: what is due is paid, the rest goes back to the treasury.",
            discussion: "Example:\n  althing gov propose recall-stream 1 --from alice")

        @Argument(help: "The stream's number.")
        var id: UInt64

        @OptionGroup var options: Options

        func run() async throws {
            let proposer = try await Proposer(options)
            let client = proposer.builder.client
            let stream = try await client.get("/v1/streams/\(id)")
            let book = try await AssetBook(client, proposer.builder.chain)
            let asset = stream["asset"]
            let total = stream["total"]?.integer ?? 0
            let paid = (stream["claimed"]?.integer ?? 0)
                .advanced(clampingBy: stream["claimable"]?.integer ?? 0)
            let rest = total - min(total, paid)
            try await proposer.submit(
                [.recallStream(StreamID(id))], title: "Recall stream \(id)",
                effects: [
                    "\(text(stream["recipient"])) is paid what is due then, now "
                        + book.text(stream["claimable"], of: asset),
                    "the rest goes back to the treasury, now "
                        + book.text(Amount(rest), of: AssetID(asset?.integer ?? 0)),
                ])
        }
    }
}
