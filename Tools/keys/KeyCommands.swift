import ArgumentParser
import Cryptography
import Foundation

struct ListKeys: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the keys.",
        discussion: "Example: althing keys list")

    @OptionGroup var keystore: KeystoreOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        try output.show(
            list: try keystore.keystore().list().map(KeyView.init), id: \.name,
            header: ["name", "address", "encrypted"]
        ) { [$0.name, $0.address, $0.encrypted ? "yes" : "no"] }
    }
}

struct ShowKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a key's address and public key.",
        discussion: "Example: althing keys show bob")

    @Argument(help: "The name of the key.")
    var name: String

    @OptionGroup var keystore: KeystoreOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let view = KeyView(try keystore.keystore().entry(name))
        try output.show(view, id: view.address, fields: view.fields)
    }
}

struct ExportKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Show a key's secret seed, which `keys import` reads.",
        discussion: "Example: althing keys export bob -q > bob.seed")

    @Argument(help: "The name of the key.")
    var name: String

    @OptionGroup var password: PasswordOptions
    @OptionGroup var keystore: KeystoreOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let store = try keystore.keystore()
        var view = KeyView(try store.entry(name))
        let key = try store.signingKey(named: name, password: password)
        let seed = key.withSeed(\.hex)
        view.seed = seed
        Console.note("warning: whoever sees the seed has the key \(name)")
        try output.show(view, id: seed, fields: view.fields)
    }
}

struct DeleteKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a key for ever.",
        discussion: "Example: althing keys delete bob --yes")

    @Argument(help: "The name of the key.")
    var name: String

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @OptionGroup var keystore: KeystoreOptions

    func run() throws {
        let store = try keystore.keystore()
        // A damaged file may be deleted too, so the file is not read.
        guard try store.names().contains(name) else {
            _ = try store.entry(name)
            return
        }
        try confirm()
        try store.delete(name)
        Console.note("deleted the key \(name)")
    }

    private func confirm() throws {
        guard !yes else { return }
        guard Console.isInputTerminal else {
            throw CommandError(
                "confirm.needed", "deleting \(name) needs a yes and there is no terminal to ask",
                hint: "give --yes", exit: .refused)
        }
        Console.prompt("Without its words or a copy, \(name) is gone for ever. Delete? [y/N] ")
        guard ["y", "yes"].contains(readLine()?.lowercased() ?? "") else {
            throw CommandError("confirm.declined", "nothing was deleted", exit: .refused)
        }
    }
}
