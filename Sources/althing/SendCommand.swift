import ArgumentParser
import Chain
import GenesisTool

/// `althing send`: a transfer of any asset.
struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send tokens to an account.",
        discussion: """
            Examples:
              althing send bob 12.5alt --from alice
              althing send bob 3gold --from alice
            """)

    @Argument(help: "An address, or the name of a key.")
    var to: String

    @Argument(help: "An amount like 12.5alt; its unit names the asset.")
    var amount: String

    @OptionGroup var options: WriteOptions

    func run() async throws {
        let builder = try await TransactionBuilder(options)
        let book = try await AssetBook(builder.client, builder.chain)
        let balance = try book.parse(amount, "the amount")
        let shown = book.text(balance.amount, of: balance.asset)
        let recipient = try builder.chain.address(to, home: options.client.home)
        try await builder.send(
            [.transfer(to: recipient, asset: balance.asset, amount: balance.amount)],
            summary: "send \(shown) to "
                + NameBook(builder.chain, home: options.client.home)
                .long(builder.chain.text(recipient)))
    }
}
