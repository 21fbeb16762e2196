import Codec

/// A rule that a set of parameters breaks.
public struct ParameterProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The parameter's name, as it was given.
    public let parameter: String
    public let message: String

    public init(_ parameter: String, _ message: String) {
        self.parameter = parameter
        self.message = message
    }

    public var description: String { "\(parameter): \(message)" }
}

/// The values of everything that holders may change, all of one chain. What only a release may
/// change is in `Limits`; the table of names, defaults and bounds is in `ParameterID`.
///
/// The record in the state holds what was decided. Whatever an epoch fixes is copied into that
/// epoch's own record (`ParameterEffect.epochAfterNext`); everything else reads this record as the
/// block before left it. The intervals and timeouts of consensus are felt at once: they are local
/// waiting times, and no rule of safety depends on two nodes having the same.
public struct Parameters: CanonicalCodable, Hashable, Sendable {
    public let kind: ChainKind
    /// In the order of `ParameterID.allCases`, each of the form that its row says.
    private var values: [ParameterValue]

    /// The defaults of a kind of chain.
    ///
    /// - Parameter decimals: of the native asset, at most 9: amounts are declared in tokens.
    public init(kind: ChainKind, decimals: UInt8 = 6) {
        precondition(decimals <= 9, "the defaults fit 64 bits")
        var scale: UInt64 = 1
        for _ in 0..<decimals {
            scale *= 10
        }
        self.kind = kind
        values = ParameterID.allCases.map { id in
            let definition = id.definition
            let value =
                kind == .development ? definition.development : definition.standard
            switch (definition.unit, value) {
            case (.baseUnits, .integer(let tokens)): return .integer(tokens * scale)
            case (_, .integer), (_, .ratio): return value
            }
        }
    }

    /// Those of a main chain whose asset has six decimals.
    public static let standard = Parameters(kind: .main)

    /// Times of seconds instead of days: votes last 20 s and delays 5 s.
    public static let development = Parameters(kind: .development)

    public init(from reader: inout ByteReader) throws(DecodeError) {
        kind = try ChainKind(from: &reader)
        let ids = ParameterID.allCases
        let count = try reader.readLength(limit: ids.count, minimumElementSize: 11)
        guard count == ids.count else { throw .invalidValue(type: "Parameters") }
        values = []
        values.reserveCapacity(count)
        for id in ids {
            let raw = try reader.readUInt16()
            guard raw == id.rawValue else { throw .unknownTag(type: "Parameter", tag: UInt64(raw)) }
            let value = try ParameterValue(from: &reader)
            guard value.hasForm(of: id.definition.bounds) else {
                throw .invalidValue(type: "Parameter")
            }
            values.append(value)
        }
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(kind)
        writer.writeLength(values.count)
        for (id, value) in zip(ParameterID.allCases, values) {
            writer.write(id.rawValue)
            writer.write(value)
        }
    }

    public subscript(id: ParameterID) -> ParameterValue { values[id.index] }

    /// Every parameter with its value, in the order of the table.
    public var all: [(id: ParameterID, value: ParameterValue)] {
        zip(ParameterID.allCases, values).map { (id: $0, value: $1) }
    }

    /// Sets one value. The form is checked here; the bounds are a matter of `validate`, since only
    /// the merged whole can be judged.
    ///
    /// - Throws: for an unknown name, a ratio for a number or the reverse, a denominator of 0.
    public mutating func set(
        _ name: String, to value: ParameterValue
    ) throws(ParameterProblem) {
        guard let id = ParameterID(name: name) else {
            throw ParameterProblem(name, "no parameter has this name")
        }
        try set(id, to: value)
    }

    public mutating func set(
        _ id: ParameterID, to value: ParameterValue
    ) throws(ParameterProblem) {
        guard value.hasForm(of: id.definition.bounds) else {
            let wanted = id.definition.unit == .ratio ? "a ratio" : "a number"
            throw ParameterProblem(id.name, "the value must be \(wanted)")
        }
        values[id.index] = value
    }

    private func integer(_ id: ParameterID) -> UInt64 {
        guard case .integer(let value) = values[id.index] else {
            preconditionFailure("the form of \(id.name) was checked when it was set")
        }
        return value
    }

    private func ratio(_ id: ParameterID) -> Ratio {
        guard case .ratio(let numerator, let denominator) = values[id.index] else {
            preconditionFailure("the form of \(id.name) was checked when it was set")
        }
        return Ratio(numerator, denominator)
    }
}

extension ParameterValue {
    fileprivate func hasForm(of bounds: ParameterBounds) -> Bool {
        switch (self, bounds) {
        case (.integer, .integer): true
        case (.ratio(_, let denominator), .ratio): denominator > 0
        case (.integer, .ratio), (.ratio, .integer): false
        }
    }
}

// Typed access. Times are in milliseconds, amounts in base units of the native asset.
extension Parameters {
    public var blockInterval: UInt64 { integer(.general(.blockInterval)) }
    /// 0: no idle blocks are held back.
    public var idleInterval: UInt64 { integer(.general(.idleInterval)) }
    /// t_l = blockInterval + this.
    public var leaderTimeoutExtra: UInt64 { integer(.general(.leaderTimeoutExtra)) }
    /// t_a = t_l + this.
    public var advanceTimeoutExtra: UInt64 { integer(.general(.advanceTimeoutExtra)) }
    /// t_r.
    public var retryInterval: UInt64 { integer(.general(.retryInterval)) }
    /// L, in blocks.
    public var epochLength: UInt64 { integer(.general(.epochLength)) }
    public var blockGasLimit: UInt64 { integer(.general(.blockGasLimit)) }
    /// Base units per gas.
    public var priceFloor: Ratio { ratio(.general(.priceFloor)) }
    public var minSelfBond: Amount { Amount(integer(.general(.minSelfBond))) }
    public var minDelegation: Amount { Amount(integer(.general(.minDelegation))) }
    public var minValidators: UInt64 { integer(.general(.minValidators)) }
    public var maxValidators: UInt64 { integer(.general(.maxValidators)) }
    public var unbonding: UInt64 { integer(.general(.unbonding)) }
    public var warmUp: UInt64 { integer(.general(.warmUp)) }
    /// p, in epochs.
    public var exitPeriod: UInt64 { integer(.general(.exitPeriod)) }
    /// Of what is minted and of all fees.
    public var treasuryShare: Ratio { ratio(.general(.treasuryShare)) }
    public var commissionFloor: Ratio { ratio(.general(.commissionFloor)) }
    /// Of the supply, a year.
    public var inflationMin: Ratio { ratio(.general(.inflationMin)) }
    public var inflationMax: Ratio { ratio(.general(.inflationMax)) }
    /// What the rate changes by in a year if nothing is bonded.
    public var inflationChange: Ratio { ratio(.general(.inflationChange)) }
    /// The bonded part of the supply at which the rate stands still.
    public var bondedGoal: Ratio { ratio(.general(.bondedGoal)) }
    /// What an equivocation costs at least.
    public var equivocationCut: Ratio { ratio(.general(.equivocationCut)) }
    public var downtimeCut: Ratio { ratio(.general(.downtimeCut)) }
    public var depositBase: Amount { Amount(integer(.general(.depositBase))) }
    public var depositPeriod: UInt64 { integer(.general(.depositPeriod)) }
    /// What spends on rows below spend-L may take in 30 days, whatever the treasury has.
    public var outflowFloorSmall: Amount { Amount(integer(.general(.outflowFloorSmall))) }
    /// The same on the row spend-L.
    public var outflowFloorLarge: Amount { Amount(integer(.general(.outflowFloorLarge))) }
    public var executionWindow: UInt64 { integer(.general(.executionWindow)) }
    public var petitionPeriod: UInt64 { integer(.general(.petitionPeriod)) }

    /// The rules of a track as they are now.
    public func row(_ track: Track) -> TrackRow {
        TrackRow(
            deposit: integer(.track(track, .deposit)), period: integer(.track(track, .period)),
            confirm: integer(.track(track, .confirm)), quorum: ratio(.track(track, .quorum)),
            approve: ratio(.track(track, .approve)), minYes: ratio(.track(track, .minYes)),
            delay: integer(.track(track, .delay)), places: integer(.track(track, .places)))
    }
}

extension Parameters {
    /// Every rule that these values break together, in the order of the table; empty if they are
    /// valid.
    ///
    /// - Parameter supply: of the native asset; nil leaves out the rule that needs it.
    public func validate(supply: Amount? = nil) -> [ParameterProblem] {
        var problems: [ParameterProblem] = []
        for (id, value) in all {
            if let message = boundProblem(of: value, for: id.definition) {
                problems.append(ParameterProblem(id.name, message))
            }
        }
        problems += consensusProblems() + stakingProblems() + trackProblems(supply: supply)
        return problems
    }

    private func boundProblem(
        of value: ParameterValue, for definition: ParameterDefinition
    ) -> String? {
        switch (definition.bounds, value) {
        case (.integer(let range, let developmentMinimum), .integer(let number)):
            let least = kind == .development ? developmentMinimum : range.lowerBound
            guard number < least || number > range.upperBound else { return nil }
            return "\(number) is not within \(least)...\(range.upperBound)"
        case (.ratio(let least, let most), .ratio(let numerator, let denominator)):
            let ratio = Ratio(numerator, denominator)
            guard ratio.isLess(than: least) || most.isLess(than: ratio) else { return nil }
            return "\(ratio) is not within \(least)...\(most)"
        case (.integer, .ratio), (.ratio, .integer):
            return "the value has the wrong form"
        }
    }

    private func consensusProblems() -> [ParameterProblem] {
        var problems: [ParameterProblem] = []
        // consensus.md 2.8: an idle chain must not look like one that stands still.
        let (twice, isTooMuch) = retryInterval.multipliedReportingOverflow(by: 2)
        if !isTooMuch && idleInterval > twice {
            problems.append(
                ParameterProblem(
                    "consensus.idleInterval", "is above twice consensus.retryInterval"))
        }
        if idleInterval != 0 && idleInterval < blockInterval {
            problems.append(
                ParameterProblem("consensus.idleInterval", "is below consensus.blockInterval"))
        }
        // decisions.md 4; a development chain may have an epoch that does not end.
        let slowest = max(blockInterval, idleInterval)
        let (length, overflow) = epochLength.multipliedReportingOverflow(by: slowest)
        if kind != .development && (overflow || length > 6 * Milliseconds.hour) {
            problems.append(
                ParameterProblem(
                    "consensus.epochLength", "an epoch may last longer than 6 hours"))
        }
        return problems
    }

    private func stakingProblems() -> [ParameterProblem] {
        var problems: [ParameterProblem] = []
        if minValidators > maxValidators {
            problems.append(
                ParameterProblem("staking.minValidators", "is above staking.maxValidators"))
        }
        if inflationMax.isLess(than: inflationMin) {
            problems.append(
                ParameterProblem("staking.inflationMin", "is above staking.inflationMax"))
        }
        if warmUp > unbonding / 2 {
            problems.append(
                ParameterProblem("staking.warmUp", "is above half of staking.unbonding"))
        }
        // Who dislikes a change of staking can leave before it comes (decisions.md 3).
        for track in [Track.parameter, .people, .protocol] {
            let row = row(track)
            let (sum, overflow) = row.period.addingReportingOverflow(row.delay)
            if overflow || sum > unbonding {
                problems.append(
                    ParameterProblem(
                        "staking.unbonding",
                        "is below gov.\(track.parameterPrefix)Period + Delay"))
            }
        }
        return problems
    }

    private func trackProblems(supply: Amount?) -> [ParameterProblem] {
        var problems: [ParameterProblem] = []
        for track in Track.allCases {
            let row = row(track)
            let prefix = "gov." + track.parameterPrefix
            if row.confirm > row.period / 2 {
                problems.append(
                    ParameterProblem(prefix + "Confirm", "is above half of \(prefix)Period"))
            }
            guard let supply else { continue }
            let (deposit, overflow) = depositBase.value.multipliedReportingOverflow(
                by: row.deposit)
            if overflow || deposit > supply.value / 1_000 {
                problems.append(
                    ParameterProblem(
                        prefix + "Deposit",
                        "times gov.depositBase is \(deposit), above 0.1 % of the supply"))
            }
        }
        return problems
    }
}
