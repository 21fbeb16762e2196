import Chain
import Cryptography
import Foundation
import GenesisTool
import Testing

/// The files of the folder Genesis, which people start chains from.
@Suite struct GenesisFolderTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Genesis").path

    static let names = ["devnet.json", "local.json"]

    @Test func `the digests are those of the files`() throws {
        let text = try String(
            contentsOfFile: GenesisFolderTests.folder + "/digests.txt", encoding: .utf8)
        let lines = text.split(separator: "\n").map(String.init)
        let expected = try GenesisFolderTests.names.map { name in
            let genesis = try GenesisFile.read(GenesisFolderTests.folder + "/" + name)
            return "\(genesis.hash)  \(name)"
        }
        #expect(lines == expected)
    }

    @Test(arguments: names) func `a chain can start from the file`(_ name: String) throws {
        let genesis = try GenesisFile.readChecked(GenesisFolderTests.folder + "/" + name)
        #expect(genesis.kind == .development)
        #expect(genesis.sorted == genesis)
    }

    @Test(arguments: names) func `the keys beside the file are all its keys`(
        _ name: String
    ) throws {
        let path = GenesisFolderTests.folder + "/" + name
        let genesis = try GenesisFile.read(path)
        let keys = try #require(try PublishedKeys.read(besides: path, for: genesis))
        #expect(
            Set(keys.validators.map(\.moniker)) == Set(genesis.validators.map(\.moniker)))
        for account in genesis.accounts {
            let seed = keys.accounts.first { $0.name == account.name }?.seed
            let address = seed.map { Address(SigningKey(seed: $0).publicKey) }
            #expect(address == account.address)
        }
    }

    @Test func `the writer gives back the bytes of the file`() throws {
        let path = GenesisFolderTests.folder + "/devnet.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(try GenesisFile.read(path).json.pretty + "\n" == text)
    }
}
