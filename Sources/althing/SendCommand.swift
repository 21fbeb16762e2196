import ArgumentParser
import Chain
import GenesisTool

/// `althing send`: a transfer of the native asset.
struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send tokens to an account.",
        discussion: "Example:\n  althing send bob 12.5alt --from alice")

    @Argument(help: "An address, or the name of a key.")
    var to: String

    @Argument(help: "An amount like 12.5alt.")
    var amount: String

    @OptionGroup var options: WriteOptions

    func run() async throws {
        let builder = try await TransactionBuilder(options)
        let amount = try builder.chain.amount(amount, "the amount")
        let recipient = try builder.chain.address(to, home: options.client.home)
        try await builder.send(
            [.transfer(to: recipient, asset: .native, amount: amount)],
            summary: "send \(builder.chain.text(amount)) to \(builder.chain.text(recipient))")
    }
}
