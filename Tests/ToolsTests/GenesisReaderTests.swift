import Chain
import Cryptography
import GenesisTool
import Testing

/// A place in a genesis, what stands there instead, and what the reader says.
struct Mistake: Sendable, CustomTestStringConvertible {
    let place: [String]
    let value: JSON?
    let problem: String

    init(_ place: String, _ value: JSON?, _ problem: String) {
        self.place = place.split(separator: "/").map(String.init)
        self.value = value
        self.problem = problem
    }

    var testDescription: String { problem }
}

@Suite struct GenesisReaderTests {
    private func problems(_ json: JSON) -> [String] {
        do {
            _ = try Genesis(parsing: json.pretty)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test func `what is written is read as the same value`() throws {
        let genesis = GenesisSample.genesis
        #expect(genesis.check() == [])
        let read = try Genesis(parsing: genesis.json.pretty)
        #expect(read == genesis)
        #expect(read.hash == genesis.hash)
        #expect(try Genesis(parsing: genesis.json.compact) == genesis)
    }

    @Test func `the order of fields does not change the hash`() throws {
        guard case .object(let members) = GenesisSample.genesis.json else {
            Issue.record("a genesis is an object")
            return
        }
        let reversed = JSON.object(members.reversed())
        #expect(try Genesis(parsing: reversed.compact).hash == GenesisSample.genesis.hash)
    }

    @Test(arguments: [
        Mistake("chainID", nil, "chainID: the field is missing"),
        Mistake("chainId", .string("x"), "chainId: unknown field; did you mean `chainID`?"),
        Mistake(
            "chainID", .string("No"),
            "chainID: expected 3 to 32 characters of a-z, 0-9 and the hyphen, found `No`"),
        Mistake("kind", .string("prod"), "kind: expected main, test or dev, found `prod`"),
        Mistake("timeMs", .number(UInt64(1)), "timeMs: is 1, but `time` says 1795255200000"),
        Mistake(
            "time", .string("yesterday"),
            "time: expected a time like 2026-11-21T10:00:00.000Z, found `yesterday`"),
        Mistake(
            "nativeAsset/decimals", .number(UInt64(10)),
            "nativeAsset.decimals: 10 is outside 0 to 9"),
        Mistake(
            "parameters/consensus.blockInterval", .number(UInt64(500)),
            "parameters.consensus.blockInterval: expected a value as a "
                + "string, like \"2s\", found a number"
        ),
        Mistake(
            "parameters/consensus.blockInterval", .string("2x"),
            "parameters.consensus.blockInterval: the unit 'x' is unknown"),
        Mistake(
            "parameters/gov.nothing", .string("2s"), "parameters.gov.nothing: unknown field"),
        Mistake(
            "parameters/consensus.blockInterval", nil,
            "parameters.consensus.blockInterval: the field is missing"),
        Mistake(
            "accounts/0/address", .string("alth1xyz"),
            "accounts[0].address: expected an address like alth1…, found `alth1xyz`"),
        Mistake(
            "accounts/0/balances/0/amount", .number(UInt64(5)),
            "accounts[0].balances[0].amount: expected base units as a "
                + "decimal string as a string, found a number"
        ),
        Mistake(
            "accounts/0/balances/0/amount", .string("1.5"),
            "accounts[0].balances[0].amount: expected base units as a decimal string, found `1.5`"),
        Mistake(
            "accounts/0/balances/0/amount", .string("99999999999999999999"),
            "accounts[0].balances[0].amount: expected base units as a "
                + "decimal string, found `99999999999999999999`"
        ),
        Mistake("accounts", .object([]), "accounts: expected a list, found an object"),
        Mistake("accounts/0", .null, "accounts[0]: expected an object, found null"),
        Mistake(
            "validators/1/power", .string("5"), "validators[1].power: unknown field"),
        Mistake("validators/1/selfBond", nil, "validators[1].selfBond: the field is missing"),
        Mistake(
            "validators/0/consensusKey", .string("00ff"),
            "validators[0].consensusKey: expected a public key of 64 "
                + "lower-case hexadecimal digits, found `00ff`"
        ),
        Mistake(
            "validators/0/commission", .number(UInt64(10_001)),
            "validators[0].commission: 10001 is outside 0 to 10000"),
        Mistake(
            "validators/0/commission", .number("1.5"),
            "validators[0].commission: expected a whole number, found 1.5"),
        Mistake("delegations", .null, "delegations: expected a list, found null"),
    ])
    func `a mistake is named with its path`(_ mistake: Mistake) {
        let json = GenesisSample.genesis.json.changing(mistake.place, to: mistake.value)
        #expect(problems(json).first == mistake.problem)
    }

    @Test func `all mistakes are reported at once`() {
        let json = GenesisSample.genesis.json
            .changing(["chainID"], to: .string("x"))
            .changing(["prefix"], to: .number(UInt64(1)))
            .changing(["validators", "1", "moniker"], to: nil)
            .changing(["extra"], to: .null)
        let paths = problems(json).map { String($0.prefix { $0 != ":" }) }
        #expect(paths == ["extra", "chainID", "prefix", "validators[1].moniker"])
    }

    @Test func `a repeated field is a mistake`() {
        let text = GenesisSample.genesis.json.pretty.replacing(
            "\"kind\": \"dev\"", with: "\"kind\": \"dev\", \"kind\": \"main\"")
        #expect(throws: GenesisFileError.self) { try Genesis(parsing: text) }
        do {
            _ = try Genesis(parsing: text)
        } catch {
            #expect(error.description == "kind: the field is there twice")
        }
    }

    @Test(arguments: [
        ("", "line 1, column 1: the text ends where a value should be"),
        ("{\"chainID\": }", "line 1, column 13: a value should begin here"),
        ("{} {}", "line 1, column 4: text after the value"),
        ("{\n\"a\" 1}", "line 2, column 5: `:` should be here"),
        (String(repeating: "[", count: 33), "line 1, column 33: more than 32 levels of nesting"),
    ])
    func `a text that is not JSON is named with its place`(_ text: String, _ problem: String) {
        do {
            _ = try Genesis(parsing: text)
            Issue.record("the text was read")
        } catch {
            #expect(error.description == problem)
        }
    }

    @Test func `a power above the limit is a rule that check explains`() {
        var genesis = GenesisSample.genesis
        genesis.validators = [
            GenesisSample.entry(1), GenesisSample.entry(2, selfBond: 1 << 60),
        ]
        let problems = genesis.check().map(\.description)
        #expect(
            problems.contains {
                $0.hasPrefix("validators[1].power: the power of all validators is above")
            })
    }

    @Test func `an entry changed after its signature does not pass`() throws {
        let json = GenesisSample.genesis.json
            .changing(["validators", "0", "moniker"], to: .string("mallory"))
        let problems = try Genesis(parsing: json.pretty).check().map(\.path)
        #expect(problems == ["validators[0].signature"])
    }

    @Test func `an operator's file says website and contact only if there are any`() throws {
        let plain = GenesisSample.entry(3)
        #expect(!plain.json.pretty.contains("website"))
        let told = GenesisEntry(
            chainID: GenesisSample.chainID, operatorKey: GenesisSample.key(3),
            consensusKey: GenesisSample.key(103),
            networkKey: GenesisSample.key(203).publicKey, endpoint: "", moniker: "three",
            website: "https://example.org", contact: "ops@example.org", commission: 500,
            selfBond: Amount(1_000_000_000))
        #expect(told.json.pretty.contains("\"website\": \"https://example.org\""))
        #expect(try GenesisEntry(parsing: told.json.pretty) == told)
        #expect(told.problems(chainID: GenesisSample.chainID).isEmpty)
        // As people write it: what is empty may be there too.
        let longer = told.json.pretty.replacing(
            "ops@example.org", with: String(repeating: "c", count: 129))
        #expect(throws: GenesisFileError.self) { try GenesisEntry(parsing: longer) }
        let forged = try GenesisEntry(
            parsing: told.json.pretty.replacing("ops@example.org", with: "eve@example.org"))
        #expect(forged.problems(chainID: GenesisSample.chainID).map(\.path) == ["signature"])
    }

    @Test func `an operator's file is read alone`() throws {
        let entry = GenesisSample.entry(3)
        #expect(try GenesisEntry(parsing: entry.json.pretty) == entry)
        #expect(throws: GenesisFileError.self) { try GenesisEntry(parsing: "[]") }
    }
}
