import ArgumentParser
import Chain
import Cryptography
import Foundation
import GenesisTool
import KeyTool
import Testing

@testable import althing

/// Names of validators, and what people read about stake.
@Suite struct StakeCommandTests {
    private static func key(_ number: UInt8) -> SigningKey {
        SigningKey(seed: [UInt8](repeating: number, count: 32))
    }

    private static func address(_ number: UInt8) -> Address { Address(key(number).publicKey) }
    private static func text(_ number: UInt8) -> String { address(number).text() }

    private static func chain() throws -> ChainInfo {
        try ChainInfo(
            json: try JSON(
                parsing: """
                    {"chainID": "test-chain", "genesisHash": "\(Digest.zero.hex)", "kind": "dev",
                     "prefix": "alth", "asset": {"symbol": "alt", "decimals": 6},
                     "parameters": []}
                    """))
    }

    private static func validator(_ number: UInt8, _ moniker: String, seat: Int?) -> JSON {
        .object([
            .init("operator", .string(text(number))),
            .init("publicKey", .string(key(number + 100).publicKey.hex)),
            .init("moniker", .string(moniker)),
            .init("bonded", .string("5000000")),
            .init("commission", .number(250)),
            .init(
                "seat",
                seat.map { .object([.init("index", .number($0)), .init("power", .string("7"))]) }
                    ?? .null),
        ])
    }

    private static func book(home: String? = nil) throws -> ValidatorBook {
        ValidatorBook(
            [
                validator(1, "olga", seat: 1), validator(2, "ivan", seat: 0),
                validator(3, "ivan", seat: nil),
            ], try chain(), home: home ?? "/nonexistent")
    }

    @Test func `a validator is found by moniker, operator, key and seat`() throws {
        let book = try Self.book()
        let names = [
            "olga", Self.text(1), Self.key(101).publicKey.hex, "1",
        ]
        for name in names {
            #expect(try book.address(name) == Self.address(1))
        }
    }

    @Test func `a moniker that two have names neither`() throws {
        let book = try Self.book()
        #expect(throws: CommandError.self) { try book.find("ivan") }
        do {
            _ = try book.find("ivan")
        } catch let error as CommandError {
            #expect(error.code == "validator.ambiguous")
            #expect(error.hint?.contains(Self.text(2)) == true)
            #expect(error.hint?.contains(Self.text(3)) == true)
        }
        #expect(try book.address(Self.text(3)) == Self.address(3))
    }

    @Test(arguments: ["olgaa", "9", "alth1qqq", ""])
    func `what names no validator is refused`(_ name: String) throws {
        do {
            _ = try Self.book().find(name)
            Issue.record("it was found")
        } catch let error as CommandError {
            #expect(error.code == "staking.unknown_validator")
            #expect(error.exit == .notFound)
        }
    }

    @Test func `the name of one's own key stands for its validator, unless another has it`()
        throws
    {
        let home = FileManager.default.temporaryDirectory
            .appendingPathComponent("stake-\(ProcessInfo.processInfo.globallyUniqueString)").path
        defer { try? FileManager.default.removeItem(atPath: home) }
        let keystore = Keystore(home: home)
        try keystore.create("mine", key: Self.key(2), password: nil)
        try keystore.create("olga", key: Self.key(3), password: nil)
        let book = try Self.book(home: home)
        #expect(try book.address("mine") == Self.address(2))
        #expect(throws: CommandError.self) { try book.find("olga") }
    }

    @Test(
        arguments: [
            ("5%", 500), ("2.5%", 250), ("0%", 0), ("100%", 10_000), ("1/20", 500), ("0.01%", 1),
        ] as [(String, UInt16)])
    func `a commission is written as a part`(_ text: String, _ points: UInt16) throws {
        #expect(try PercentText.basisPoints(text, "--commission") == points)
    }

    @Test(arguments: ["5", "101%", "0.001%", "-1%", "five", "", "1/3"])
    func `what is no whole hundredth of a percent is refused`(_ text: String) {
        #expect(throws: CommandError.self) {
            try PercentText.basisPoints(text, "--commission")
        }
    }

    @Test func `parts are printed with as many digits as they need`() {
        let texts = [0, 1, 10, 50, 500, 250, 205, 10_000].map {
            PercentText.print(basisPoints: UInt64($0))
        }
        #expect(
            texts == ["0 %", "0.01 %", "0.1 %", "0.5 %", "5 %", "2.5 %", "2.05 %", "100 %"])
        #expect(PercentText.print(1, of: 3) == "33.33 %")
        #expect(PercentText.print(1, of: 0) == "-")
        #expect(PercentText.print(nil, of: 3) == "-")
    }

    @Test func `a time is told with what is left of it, and whether it is sure`() throws {
        let json = try JSON(
            parsing: """
                {"at": "2026-11-21T16:40:12.345Z", "atMs": 1795279212345, "isEstimate": true}
                """)
        let now = Timestamp(1_795_279_212_345 - 130_000)
        #expect(WhenText.print(json, now: now) == "about 2026-11-21 16:40:12 UTC, in 2m10s")
        let past = Timestamp(1_795_279_300_000)
        #expect(WhenText.print(json, now: past) == "about 2026-11-21 16:40:12 UTC")
        #expect(WhenText.print(nil) == "-")
    }

    @Test func `what happened is told in sentences`() throws {
        let result = try JSON(
            parsing: """
                {"events": [
                 {"type": "delegated", "validator": "\(Self.text(1))", "amount": "12500000"},
                 {"type": "undelegated", "validator": "\(Self.text(1))", "amount": "1",
                  "exitEpoch": 7},
                 {"type": "transferred", "amount": "1"}]}
                """)
        let report = StakeReport(chain: try Self.chain(), book: try Self.book())
        #expect(
            report.lines(result) == [
                "12.5 ALT are with olga",
                "0.000001 ALT leave olga at the end of epoch 7",
            ])
    }

    @Test func `a proof goes to another machine and back unchanged, for one account alone`()
        throws
    {
        let chainID = try #require(ChainID("test-chain"))
        let other = try #require(ChainID("other-chain"))
        let proof = ValidatorProof(
            key: ProvenKey(Self.key(9), chainID: chainID, operatorAddress: Self.address(1)),
            profile: ValidatorProfile(
                networkKey: Self.key(10).publicKey, endpoint: "127.0.0.1:1", moniker: "olga",
                website: "w", contact: "c"))
        let read = try ValidatorProof(json: try JSON(parsing: proof.json.pretty))
        #expect(read.key == proof.key)
        #expect(read.profile == proof.profile)
        try read.check(chainID: chainID, account: Self.address(1))
        #expect(throws: CommandError.self) {
            try read.check(chainID: chainID, account: Self.address(2))
        }
        #expect(throws: CommandError.self) {
            try read.check(chainID: other, account: Self.address(1))
        }
    }

    @Test(arguments: [
        "consensusKey", "proofOfPossession", "networkKey", "endpoint", "moniker", "website",
        "contact",
    ])
    func `a proof with a damaged field names it`(_ name: String) throws {
        let proof = ValidatorProof(
            key: ProvenKey(
                Self.key(9), chainID: try #require(ChainID("test-chain")),
                operatorAddress: Self.address(1)),
            profile: ValidatorProfile(
                networkKey: Self.key(10).publicKey, endpoint: "", moniker: "olga"))
        guard case .object(let members) = proof.json else { return }
        let damaged = members.map { JSON.Member($0.name, $0.name == name ? .null : $0.value) }
        do {
            _ = try ValidatorProof(json: .object(damaged))
            Issue.record("it was read")
        } catch let error as CommandError {
            #expect(error.message.hasPrefix(name))
        }
    }
}
