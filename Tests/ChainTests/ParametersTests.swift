import Chain
import Codec
import Testing

@Suite struct ParametersTests {
    @Test(arguments: ChainKind.allCases)
    func `the defaults of every kind are valid`(kind: ChainKind) {
        let parameters = Parameters(kind: kind)
        #expect(parameters.validate(supply: Amount(10_000_000_000_000)) == [])
        #expect(parameters.kind == kind)
    }

    @Test func `every parameter has its own name and number`() {
        let ids = ParameterID.allCases
        #expect(Set(ids.map(\.name)).count == ids.count)
        #expect(ids.map(\.rawValue) == Set(ids.map(\.rawValue)).sorted())
        for id in ids {
            #expect(ParameterID(name: id.name) == id)
            #expect(Array(id.name.utf8).count <= ParameterChange.nameBytesMax)
        }
        #expect(ParameterID(name: "gov.spendSmallDelay") == .track(.spendSmall, .delay))
        #expect(ParameterID(name: "gov.spendsmalldelay") == nil)
    }

    @Test(arguments: ChainKind.allCases)
    func `parameters decode to what was encoded`(kind: ChainKind) throws {
        var parameters = Parameters(kind: kind, decimals: 2)
        try parameters.set("fees.priceFloor", to: .ratio(numerator: 2, denominator: 2_000))
        #expect(try Parameters(decoding: parameters.encoded()) == parameters)
        var bytes = parameters.encoded()
        bytes.removeLast()
        #expect(throws: DecodeError.self) { try Parameters(decoding: bytes) }
        bytes = parameters.encoded()
        bytes[2] ^= 1
        #expect(throws: DecodeError.self) { try Parameters(decoding: bytes) }
    }

    @Test func `the form of a value is checked when it is set`() {
        var parameters = Parameters.standard
        #expect(throws: ParameterProblem.self) {
            try parameters.set("gov.textQuorum", to: .integer(1))
        }
        #expect(throws: ParameterProblem.self) {
            try parameters.set("gov.textQuorum", to: .ratio(numerator: 1, denominator: 0))
        }
        #expect(throws: ParameterProblem.self) {
            try parameters.set("gov.textPeriod", to: .ratio(numerator: 1, denominator: 2))
        }
        #expect(throws: ParameterProblem.self) { try parameters.set("gov.x", to: .integer(1)) }
        #expect(parameters == .standard)
    }

    @Test(arguments: ParameterID.allCases)
    func `each hard bound holds to the last unit`(id: ParameterID) throws {
        for kind in ChainKind.allCases {
            let cases: [(value: ParameterValue, isInside: Bool)]
            switch id.definition.bounds {
            case .integer(let range, let developmentMinimum):
                let least = kind == .development ? developmentMinimum : range.lowerBound
                cases =
                    [(.integer(least), true), (.integer(range.upperBound), true)]
                    + (least > 0 ? [(.integer(least - 1), false)] : [])
                    + [(.integer(range.upperBound + 1), false), (.integer(.max), false)]
            case .ratio(let least, let most):
                cases = [
                    (ParameterValue(least), true), (ParameterValue(most), true),
                    (
                        .ratio(
                            numerator: most.numerator * 1_000 + 1,
                            denominator: most.denominator * 1_000), false
                    ),
                    (.ratio(numerator: .max, denominator: 1), false),
                ]
            }
            for (value, isInside) in cases {
                var parameters = Parameters(kind: kind)
                try parameters.set(id, to: value)
                let isBroken = parameters.validate().contains {
                    $0.parameter == id.name && $0.message.contains("is not within")
                }
                #expect(isBroken == !isInside, "\(id.name) = \(value) on \(kind)")
            }
        }
    }

    @Test func `a development chain may shorten times and nothing else`() {
        for id in ParameterID.allCases where id.definition.unit != .milliseconds {
            guard case .integer(let range, let least) = id.definition.bounds else { continue }
            // decisions.md 13: one validator is enough to try the chain.
            let isValidatorCount = id.name.hasSuffix("Validators")
            // Epochs are measured in blocks, but are a time.
            let isTime = id == .general(.epochLength)
            #expect(least == range.lowerBound || isValidatorCount || isTime, "\(id.name)")
        }
    }

    @Test func `changes that are valid alone are refused together`() throws {
        // R5: 18 days of period and 3 of delay fit the unbonding of 21 days; one more does not.
        var parameters = Parameters.standard
        try parameters.set("gov.paramPeriod", to: .integer(18 * Milliseconds.day))
        #expect(parameters.validate() == [])
        var other = Parameters.standard
        try other.set("gov.paramDelay", to: .integer(4 * Milliseconds.day))
        #expect(other.validate() == [])
        try parameters.set("gov.paramDelay", to: .integer(4 * Milliseconds.day))
        #expect(parameters.validate().map(\.parameter) == ["staking.unbonding"])
    }

    @Test(
        arguments: [
            ("staking.minValidators", 22), ("staking.maxValidators", 101),
            ("staking.warmUp", Milliseconds.day * 21 / 2 + 1), ("gov.textConfirm", 216_000_001),
            ("consensus.idleInterval", 10_001), ("consensus.idleInterval", 499),
            ("consensus.epochLength", 4_321), ("gov.depositBase", 500_000_001),
        ] as [(String, UInt64)])
    func `each relation between parameters is checked`(name: String, value: UInt64) throws {
        var parameters = Parameters.standard
        if name == "consensus.idleInterval" {
            // So that the bound of an epoch's length is not met first.
            try parameters.set("consensus.epochLength", to: .integer(1_000))
        }
        try parameters.set(name, to: .integer(value))
        #expect(!parameters.validate(supply: Amount(10_000_000_000_000)).isEmpty)
        try parameters.set(name, to: .integer(value == 499 ? 500 : value - 1))
        #expect(parameters.validate(supply: Amount(10_000_000_000_000)) == [])
    }

    @Test func `a delay of two hours can be proposed on a development chain`() throws {
        var parameters = Parameters.development
        try parameters.set("gov.spendSmallDelay", to: .integer(2 * Milliseconds.hour))
        #expect(parameters.validate() == [])
    }

    @Test func `whoever changes the rules of decisions needs the constitution`() {
        for id in ParameterID.allCases where id.name.hasPrefix("gov.") {
            #expect(id.definition.track == .constitution)
        }
        #expect(ParameterID(name: "staking.unbonding")?.definition.track == .constitution)
        #expect(ParameterID(name: "consensus.blockInterval")?.definition.track == .protocol)
        #expect(ParameterID(name: "fees.priceFloor")?.definition.track == .parameter)
    }
}

@Suite struct ParameterTextTests {
    @Test(
        arguments: [
            ("2h", 7_200_000), ("500ms", 500), ("1h30m", 5_400_000), ("7d", 604_800_000),
            ("1d2h3m4s5ms", 93_784_005), ("0s", 0),
        ] as [(String, UInt64)])
    func `a length of time is read and printed`(text: String, value: UInt64) throws {
        #expect(try DurationText.parse(text) == value)
        #expect(DurationText.print(value) == text)
    }

    @Test(arguments: [
        "", "2", "h", "2x", "2h 3m", "1h2h", "1m1h", "-1h", "1.5h", "99999999999999999999h",
        "213503982335d", "18446744073709551615ms1ms",
    ])
    func `a wrong length of time is refused`(text: String) {
        #expect(throws: ValueTextError.self) { try DurationText.parse(text) }
    }

    @Test func `the greatest length of time survives`() throws {
        let text = DurationText.print(.max)
        #expect(try DurationText.parse(text) == .max)
    }

    @Test(arguments: [
        ("1/3", Ratio(1, 3)), ("12%", Ratio(12, 100)), ("12.5%", Ratio(125, 1_000)),
        ("0/1", Ratio(0, 1)), ("0.05%", Ratio(5, 10_000)),
    ])
    func `a ratio is read as it is written`(text: String, value: Ratio) throws {
        #expect(try RatioText.parse(text) == value)
        #expect(try RatioText.parse(RatioText.print(value)) == value)
    }

    @Test(arguments: [
        "", "1", "1/0", "/2", "1/", "1/2/3", "%", "12.%", ".5%", "1.23456%", "-1/2", "+1/2",
        "4294967296/1", "4294967296%",
    ])
    func `a wrong ratio is refused`(text: String) {
        #expect(throws: ValueTextError.self) { try RatioText.parse(text) }
    }

    @Test(
        arguments: [
            ("12.5alt", 12_500_000), ("12.5 ALT", 12_500_000), ("12", 12_000_000),
            ("0.000001alt", 1), ("18446744073709.551615", .max), ("0", 0),
        ] as [(String, UInt64)])
    func `an amount is read`(text: String, value: UInt64) throws {
        #expect(try AmountText.parse(text, symbol: "ALT", decimals: 6) == Amount(value))
        let printed = AmountText.print(Amount(value), symbol: "ALT", decimals: 6)
        #expect(try AmountText.parse(printed, symbol: "ALT", decimals: 6) == Amount(value))
    }

    @Test func `an amount is printed without needless zeros`() {
        #expect(AmountText.print(Amount(12_500_000), symbol: "ALT", decimals: 6) == "12.5 ALT")
        #expect(AmountText.print(Amount(5), symbol: "ALT", decimals: 6) == "0.000005 ALT")
        #expect(AmountText.print(Amount(70), symbol: "X", decimals: 0) == "70 X")
    }

    @Test(arguments: [
        ("12.5000001alt", ValueTextError.tooManyDecimals(found: 7, most: 6)),
        ("12.5eur", .unknownUnit("eur")), ("", .empty), ("alt", .malformed("alt")),
        (".5alt", .malformed(".5alt")), ("1.2.3", .malformed("1.2.3")),
        ("18446744073709.551616", .tooLarge("18446744073709.551616")),
        ("-1alt", .malformed("-1alt")),
    ])
    func `a wrong amount names its fault`(text: String, fault: ValueTextError) {
        #expect(throws: fault) { try AmountText.parse(text, symbol: "alt", decimals: 6) }
    }

    @Test(arguments: ParameterID.allCases)
    func `every default is printed and read as the same value`(id: ParameterID) throws {
        for kind in ChainKind.allCases {
            let value = Parameters(kind: kind)[id]
            let text = ParameterText.print(value, for: id, symbol: "ALT", decimals: 6)
            let parsed = try ParameterText.parse(text, for: id, symbol: "ALT", decimals: 6)
            #expect(parsed == value, "\(text)")
        }
    }
}
