import ArgumentParser
import Cryptography
import Foundation
import KeyTool
import Testing

@Suite struct KeysCommandTests {
    private func run(_ arguments: String..., home: TemporaryHome) throws {
        var command = try KeysCommand.parseAsRoot(arguments + ["--home", home.path])
        try command.run()
    }

    private func code(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return (error as? CommandError)?.code ?? "\(error)"
        }
    }

    @Test func `an imported seed signs what verify accepts`() throws {
        let home = try TemporaryHome()
        let seed = [UInt8](repeating: 4, count: 32)
        try run("import", "bob", "--seed", seed.hex, "--unencrypted", "-q", home: home)
        let key = SigningKey(seed: seed)
        #expect(try home.store.entry("bob").publicKey == key.publicKey)

        let signature = key.sign(SignedMessage.bytes(Array("hello".utf8))).hex
        let address = Address(key.publicKey).text()
        for signer in ["bob", key.publicKey.hex, address] {
            try run("verify", signer, signature, "hello", "-q", home: home)
            #expect(
                code { try run("verify", signer, signature, "hullo", home: home) }
                    == "keys.signature_invalid")
        }
        #expect(code { try run("verify", "bob", "00", "hello", home: home) } == "keys.signature")
        #expect(
            code { try run("verify", "nobody", signature, "hello", home: home) }
                == "keys.not_found")
    }

    @Test func `words in a file bring a key back`() throws {
        let home = try TemporaryHome()
        let mnemonic = Mnemonic(entropy: [UInt8](repeating: 5, count: 32))
        let file = home.path + "/words.txt"
        try (mnemonic.text + "\n").write(toFile: file, atomically: true, encoding: .utf8)
        try run("import", "first", "--file", file, "--unencrypted", "-q", home: home)
        try run(
            "import", "second", "--file", file, "--account", "1", "--unencrypted", "-q",
            home: home)
        #expect(
            try home.store.entry("first").publicKey == SigningKey(mnemonic: mnemonic).publicKey)
        #expect(
            try home.store.entry("second").publicKey
                == SigningKey(mnemonic: mnemonic, account: 1).publicKey)
    }

    @Test func `a password comes from the first line of a file`() throws {
        let home = try TemporaryHome()
        let file = home.path + "/password"
        try "secret\r\nnot this\n".write(toFile: file, atomically: true, encoding: .utf8)
        try run("new", "alice", "--password-file", file, "-q", home: home)
        _ = try home.store.load("alice", password: Array("secret".utf8))
        try "\n".write(toFile: file, atomically: true, encoding: .utf8)
        #expect(
            code { try run("new", "bob", "--password-file", file, home: home) }
                == "keys.password_empty")
        #expect(
            code { try run("new", "bob", "--password-file", file + "x", home: home) }
                == "keys.password_file")
        #expect(try home.store.names() == ["alice"])
    }

    @Test func `a wrong seed or wrong words make no key`() throws {
        let home = try TemporaryHome()
        #expect(
            code { try run("import", "bob", "--seed", "00", "--unencrypted", home: home) }
                == "keys.seed")
        let file = home.path + "/words.txt"
        try "zoo zoo".write(toFile: file, atomically: true, encoding: .utf8)
        #expect(
            code { try run("import", "bob", "--file", file, "--unencrypted", home: home) }
                == "keys.mnemonic")
        #expect(try home.store.names() == [])
    }

    @Test func `a key is deleted only after a yes`() throws {
        let home = try TemporaryHome()
        try run("new", "bob", "--unencrypted", "-q", home: home)
        try run("delete", "bob", "--yes", home: home)
        #expect(try home.store.names() == [])
        #expect(code { try run("delete", "bob", "--yes", home: home) } == "keys.not_found")
    }
}

@Suite struct CommandErrorTests {
    @Test func `an error is a line with its code, then a hint`() {
        let error = CommandError("keys.exists", "there is one", hint: "choose another")
        #expect(error.description == "error[keys.exists]: there is one\nhint: choose another")
        #expect(CommandError("a.b", "c").description == "error[a.b]: c")
    }

    @Test func `a table is as wide as its widest cells`() {
        var table = TextTable(["name", "n"])
        table.add(["a", "12"])
        table.add(["abcdef", "1"])
        #expect(table.lines == ["NAME    N", "a       12", "abcdef  1"])
    }

    @Test func `the home is the option, the environment, the default`() {
        let environment = ["ALTHING_HOME": "/env"]
        #expect(Home.path("/option", environment: environment) == "/option")
        #expect(Home.path(nil, environment: environment) == "/env")
        #expect(Home.path("", environment: [:]) == NSHomeDirectory() + "/.althing/default")
    }
}
