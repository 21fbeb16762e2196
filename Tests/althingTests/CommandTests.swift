import ArgumentParser
import Chain
import Cryptography
import GenesisTool
import KeyTool
import Testing

@testable import althing

@Suite struct CommandTests {
    @Test(arguments: [
        (["snd"], "did you mean `althing send`?"),
        (["gov", "vot", "1"], "did you mean `althing gov vote`?"),
        (["node", "statsu"], "did you mean `althing node status`?"),
        (["gov", "propose", "parm"], "did you mean `althing gov propose param`?"),
    ])
    func `an unknown word gets the nearest command`(_ words: [String], _ hint: String) {
        #expect(Suggestion.forUnknownWord(in: words, of: Althing.self)?.hint == hint)
    }

    @Test func `a word far from all gets the list`() {
        let hint = Suggestion.forUnknownWord(in: ["block", "quux"], of: Althing.self)?.hint
        #expect(hint == "it has: show, list")
    }

    @Test func `known words and flags get no suggestion`() {
        #expect(Suggestion.forUnknownWord(in: ["gov", "vote"], of: Althing.self) == nil)
        #expect(Suggestion.forUnknownWord(in: ["gov", "--bad"], of: Althing.self) == nil)
    }

    @Test func `every leaf has an example in its help`() {
        var open: [(path: String, command: any ParsableCommand.Type)] = [
            ("althing", Althing.self)
        ]
        while let (path, command) = open.popLast() {
            let configuration = command.configuration
            if configuration.subcommands.isEmpty {
                #expect(configuration.discussion.contains("Example"), "\(path)")
            }
            open += configuration.subcommands.map { ("\(path) \($0._commandName)", $0) }
        }
    }

    @Test func `the gas limit covers a signature and a quarter more`() {
        #expect(TransactionBuilder.gasLimit(simulated: 20_000) == 38_700)
        #expect(TransactionBuilder.gasLimit(simulated: .max) == .max)
    }
}

@Suite struct RequiredDepositTests {
    private let parameters = Parameters.standard
    private let to = Address(SigningKey(seed: [UInt8](repeating: 1, count: 32)).publicKey)

    private func spend(_ amounts: [UInt64]) -> [Action] {
        amounts.map { amount in
            .spend(
                TreasurySpend(payments: [
                    TreasuryPayment(recipient: to, asset: .native, amount: Amount(amount))
                ]))
        }
    }

    private func multiple(_ actions: [Action]) -> UInt64 {
        let treasury = Amount(1_000_000)
        let deposit = RequiredDeposit.of(actions, parameters: parameters, treasury: treasury)
        return deposit.value / parameters.depositBase.value
    }

    @Test(
        arguments: [
            ([1_000], 1), ([1_001], 3), ([10_000], 3), ([10_001], 10), ([100_000], 10),
            ([100_001], 20), ([500, 501], 3),
        ] as [([UInt64], UInt64)])
    func `the track of a spend is that of its sum`(_ amounts: [UInt64], _ expected: UInt64) {
        #expect(multiple(spend(amounts)) == expected)
    }

    @Test func `a change of parameters needs its track's deposit`() {
        let change = { (name: String) in
            Action.setParameter(ParameterChange(name: name, value: .integer(1)))
        }
        #expect(multiple([]) == 1)
        #expect(multiple([change("staking.minSelfBond")]) == 3)
        #expect(multiple([change("consensus.blockInterval")]) == 10)
        #expect(multiple([change("staking.minSelfBond"), change("gov.depositBase")]) == 20)
    }
}
