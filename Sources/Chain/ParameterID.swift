import Codec

/// What the number of a parameter counts.
public enum ParameterUnit: Hashable, Sendable {
    case milliseconds
    /// Base units of the native asset.
    case baseUnits
    case gas
    case count
    /// A number of blocks.
    case blocks
    case ratio

    /// As the API names it.
    public var name: String {
        switch self {
        case .milliseconds: "ms"
        case .baseUnits: "baseUnits"
        case .gas: "gas"
        case .count: "count"
        case .blocks: "blocks"
        case .ratio: "ratio"
        }
    }
}

/// When a decided change is felt.
public enum ParameterEffect: Hashable, Sendable {
    /// The transactions of the next block see it, and nodes pace by it from that block's state on.
    case nextBlock
    /// The epoch's record copies it when an epoch's set is elected, so it is felt in the epoch
    /// after the next. A chain whose epoch does not end never feels it.
    case epochAfterNext
}

/// The values a parameter may ever have, whatever holders decide.
public enum ParameterBounds: Hashable, Sendable {
    /// Both ends included. A development chain may go down to `developmentMinimum`.
    case integer(ClosedRange<UInt64>, developmentMinimum: UInt64)
    /// Both ends included.
    case ratio(Ratio, Ratio)
}

/// A parameter's row in the one table: nothing else declares it.
public struct ParameterDefinition: Hashable, Sendable {
    public let name: String
    public let unit: ParameterUnit
    /// The default; for `baseUnits` in whole tokens.
    public let standard: ParameterValue
    /// The default of a development chain; for `baseUnits` in whole tokens.
    public let development: ParameterValue
    public let bounds: ParameterBounds
    /// The track of a proposal that changes it.
    public let track: Track
    public let effect: ParameterEffect
}

/// Parameters that are not columns of the table of tracks.
public enum GeneralParameter: UInt16, CaseIterable, Hashable, Sendable {
    case blockInterval = 1
    case idleInterval = 2
    case leaderTimeoutExtra = 3
    case advanceTimeoutExtra = 4
    case retryInterval = 5
    case epochLength = 6
    case blockGasLimit = 16
    case priceFloor = 17
    case minSelfBond = 32
    case minDelegation = 33
    case minValidators = 34
    case maxValidators = 35
    case unbonding = 36
    case warmUp = 37
    case exitPeriod = 38
    case treasuryShare = 39
    case commissionFloor = 40
    case inflationMin = 41
    case inflationMax = 42
    case inflationChange = 43
    case bondedGoal = 44
    case equivocationCut = 45
    case downtimeCut = 46
    case depositBase = 48
    case depositPeriod = 49
    case outflowFloorSmall = 50
    case outflowFloorLarge = 51
    case executionWindow = 52
    case petitionPeriod = 53
}

/// The name of a value that holders may change. Raw values are stored and never reused.
public enum ParameterID: CaseIterable, Hashable, Sendable {
    case general(GeneralParameter)
    case track(Track, TrackComponent)

    /// In ascending order of raw values.
    public static let allCases: [ParameterID] =
        GeneralParameter.allCases.map { .general($0) }
        + Track.allCases.flatMap { track in
            TrackComponent.allCases.map { .track(track, $0) }
        }

    public var rawValue: UInt16 {
        switch self {
        case .general(let parameter): parameter.rawValue
        case .track(let track, let component):
            256 + 16 * UInt16(track.rawValue) + UInt16(component.rawValue)
        }
    }

    /// The parameter of that name (`gov.spendSmallDelay`), or nil.
    public init?(name: String) {
        let match = ParameterID.allCases.first { $0.name == name }
        guard let match else { return nil }
        self = match
    }

    public var name: String { definition.name }

    /// The parameter's row in the table.
    public var definition: ParameterDefinition { ParameterID.definitions[index] }

    /// The rows in the order of `allCases`, made once.
    private static let definitions: [ParameterDefinition] = allCases.map { id in
        switch id {
        case .general(let parameter): parameter.definition
        case .track(let track, let component): .column(component, of: track)
        }
    }

    /// Its place in `allCases`.
    var index: Int {
        switch self {
        case .general(let parameter):
            GeneralParameter.allCases.firstIndex(of: parameter) ?? 0
        case .track(let track, let component):
            GeneralParameter.allCases.count
                + Int(track.rawValue) * TrackComponent.allCases.count + Int(component.rawValue)
        }
    }
}

extension GeneralParameter {
    /// The table: name, default, default of a development chain, hard bounds, track.
    var definition: ParameterDefinition {
        switch self {
        case .blockInterval:
            .time("consensus.blockInterval", 500, dev: 250, 20...60_000, devMin: 0)
        case .idleInterval:
            // 0 is off: blocks come at the block interval.
            .time("consensus.idleInterval", 5_000, dev: 1_000, 0...60_000, devMin: 0)
        case .leaderTimeoutExtra:
            .time("consensus.leaderTimeoutExtra", 1_000, dev: 1_000, 200...60_000, devMin: 50)
        case .advanceTimeoutExtra:
            .time("consensus.advanceTimeoutExtra", 1_000, dev: 1_000, 200...60_000, devMin: 50)
        case .retryInterval:
            .time("consensus.retryInterval", 5_000, dev: 2_000, 1_000...60_000, devMin: 100)
        case .epochLength:
            // A development chain shows an epoch's end within minutes.
            .integer(
                "consensus.epochLength", .blocks, 3_600, dev: 240, 16...1 << 62,
                devMin: 1, .protocol, .epochAfterNext)
        case .blockGasLimit:
            .integer(
                "block.gasLimit", .gas, 60_000_000, dev: 60_000_000,
                20_000_000...1_000_000_000, .protocol)
        case .priceFloor:
            // Base units per gas; the upper bound keeps a vote affordable whatever is decided.
            .ratio("fees.priceFloor", (1, 1_000), (0, 1), (1, 10), .parameter)
        case .minSelfBond:
            .integer(
                "staking.minSelfBond", .baseUnits, 1_000, dev: 100, 1...1_000_000_000_000_000,
                .parameter)
        case .minDelegation:
            .integer(
                "staking.minDelegation", .baseUnits, 1, dev: 1, 1...1_000_000_000_000, .parameter)
        case .minValidators:
            .integer(
                "staking.minValidators", .count, 4, dev: 1, 4...100, devMin: 1, .people,
                .epochAfterNext)
        case .maxValidators:
            .integer(
                "staking.maxValidators", .count, 21, dev: 21, 4...100, devMin: 1, .people,
                .epochAfterNext)
        case .unbonding:
            .integer(
                "staking.unbonding", .milliseconds, 21 * Milliseconds.day,
                dev: 2 * Milliseconds.minute, Milliseconds.day...120 * Milliseconds.day,
                devMin: Milliseconds.second, .constitution)
        case .warmUp:
            .integer(
                "staking.warmUp", .milliseconds, 7 * Milliseconds.day, dev: 0,
                0...60 * Milliseconds.day, .constitution)
        case .exitPeriod:
            // In epochs: stake that leaves within one shares a record. About a day.
            .integer(
                "staking.exitPeriod", .count, 24, dev: 1, 1...1_000, .constitution)
        case .treasuryShare, .commissionFloor, .inflationMin, .inflationMax, .inflationChange,
            .bondedGoal, .equivocationCut, .downtimeCut:
            stakingRatio
        case .depositBase:
            .integer(
                "gov.depositBase", .baseUnits, 100, dev: 10, 1...1_000_000_000_000_000,
                .constitution)
        case .depositPeriod:
            .integer(
                "gov.depositPeriod", .milliseconds, 7 * Milliseconds.day,
                dev: 10 * Milliseconds.minute, Milliseconds.day...60 * Milliseconds.day,
                devMin: Milliseconds.second, .constitution)
        case .outflowFloorSmall:
            // What small and middle spends may take in 30 days whatever the treasury has: above 0,
            // so that the limiter alone stops no chain.
            .integer(
                "treasury.outflowFloorSmall", .baseUnits, 1_000, dev: 100,
                1...1_000_000_000_000_000, .constitution)
        case .outflowFloorLarge:
            .integer(
                "treasury.outflowFloorLarge", .baseUnits, 10_000, dev: 1_000,
                1...1_000_000_000_000_000, .constitution)
        case .executionWindow:
            // How long after its time a decision may be tried again if its execution fails.
            .integer(
                "gov.executionWindow", .milliseconds, 14 * Milliseconds.day,
                dev: 5 * Milliseconds.minute, Milliseconds.day...60 * Milliseconds.day,
                devMin: Milliseconds.second, .constitution)
        case .petitionPeriod:
            // How long a vote goes on that a petition reopened.
            .integer(
                "gov.petitionPeriod", .milliseconds, 7 * Milliseconds.day,
                dev: 10 * Milliseconds.second, Milliseconds.day...60 * Milliseconds.day,
                devMin: Milliseconds.second, .constitution)
        }
    }
}

extension GeneralParameter {
    /// The rows of staking whose values are parts (staking.md 1, 3 and 4).
    private var stakingRatio: ParameterDefinition {
        switch self {
        case .treasuryShare:
            // Of what is minted and of all fees.
            .ratio("staking.treasuryShare", (1, 10), (0, 1), (1, 2), .constitution)
        case .commissionFloor:
            .ratio("staking.commissionFloor", (0, 1), (0, 1), (1, 2), .people)
        case .inflationMin:
            // A year, of the supply.
            .ratio("staking.inflationMin", (7, 100), (0, 1), (1, 2), .constitution)
        case .inflationMax:
            .ratio("staking.inflationMax", (1, 5), (0, 1), (1, 2), .constitution)
        case .inflationChange:
            // What the rate changes by in a year if nothing is bonded.
            .ratio("staking.inflationChange", (13, 100), (0, 1), (1, 1), .constitution)
        case .bondedGoal:
            // The part of the supply that is bonded when the rate stands still.
            .ratio("staking.bondedGoal", (67, 100), (1, 10), (1, 1), .constitution)
        case .equivocationCut:
            // Of what is liable, at least.
            .ratio("staking.equivocationCut", (1, 20), (1, 1_000), (1, 1), .constitution)
        case .downtimeCut:
            .ratio("staking.downtimeCut", (1, 10_000), (0, 1), (1, 100), .constitution)
        case .blockInterval, .idleInterval, .leaderTimeoutExtra, .advanceTimeoutExtra,
            .retryInterval, .epochLength, .blockGasLimit, .priceFloor, .minSelfBond,
            .minDelegation, .minValidators, .maxValidators, .unbonding, .warmUp, .exitPeriod,
            .depositBase, .depositPeriod, .outflowFloorSmall, .outflowFloorLarge,
            .executionWindow, .petitionPeriod:
            preconditionFailure("a part of staking: \(self)")
        }
    }
}

extension ParameterDefinition {
    fileprivate static func time(
        _ name: String, _ standard: UInt64, dev: UInt64, _ range: ClosedRange<UInt64>,
        devMin: UInt64
    ) -> ParameterDefinition {
        .integer(name, .milliseconds, standard, dev: dev, range, devMin: devMin, .protocol)
    }

    fileprivate static func integer(
        _ name: String, _ unit: ParameterUnit, _ standard: UInt64, dev: UInt64,
        _ range: ClosedRange<UInt64>, devMin: UInt64? = nil, _ track: Track,
        _ effect: ParameterEffect = .nextBlock
    ) -> ParameterDefinition {
        ParameterDefinition(
            name: name, unit: unit, standard: .integer(standard), development: .integer(dev),
            bounds: .integer(range, developmentMinimum: devMin ?? range.lowerBound),
            track: track, effect: effect)
    }

    fileprivate static func ratio(
        _ name: String, _ standard: (UInt32, UInt32), _ min: (UInt32, UInt32),
        _ max: (UInt32, UInt32), _ track: Track
    ) -> ParameterDefinition {
        let value = ParameterValue(Ratio(standard.0, standard.1))
        return ParameterDefinition(
            name: name, unit: .ratio, standard: value, development: value,
            bounds: .ratio(Ratio(min.0, min.1), Ratio(max.0, max.1)), track: track,
            effect: .nextBlock)
    }

    /// A column of the table of tracks with the hard bounds of governance.md 5. Whoever changes the
    /// rules of decisions needs the highest row.
    fileprivate static func column(
        _ component: TrackComponent, of track: Track
    ) -> ParameterDefinition {
        let unit: ParameterUnit
        let bounds: ParameterBounds
        switch component {
        case .deposit:
            (unit, bounds) = (.count, .integer(1...1_000, developmentMinimum: 1))
        case .period:
            let longest = track == .fast ? Milliseconds.day : 60 * Milliseconds.day
            unit = .milliseconds
            bounds = .integer(
                Milliseconds.hour...longest, developmentMinimum: Milliseconds.second)
        case .confirm:
            (unit, bounds) = (
                .milliseconds, .integer(0...30 * Milliseconds.day, developmentMinimum: 0)
            )
        case .quorum:
            (unit, bounds) = (.ratio, .ratio(Ratio(1, 20), Ratio(3, 4)))
        case .approve:
            (unit, bounds) = (.ratio, .ratio(Ratio(1, 2), Ratio(9, 10)))
        case .minYes:
            let most = track == .fast ? Ratio(2, 3) : Ratio(1, 2)
            (unit, bounds) = (.ratio, .ratio(Ratio(0, 1), most))
        case .delay:
            let least = track == .text ? 0 : Milliseconds.hour
            unit = .milliseconds
            bounds = .integer(least...60 * Milliseconds.day, developmentMinimum: 0)
        case .places:
            (unit, bounds) = (.count, .integer(1...100, developmentMinimum: 1))
        }
        return ParameterDefinition(
            name: "gov." + track.parameterPrefix + component.parameterSuffix, unit: unit,
            standard: track.standardRow[component], development: track.developmentRow[component],
            bounds: bounds, track: .constitution, effect: .nextBlock)
    }
}

extension TrackRow {
    /// The row's value in one column.
    public subscript(component: TrackComponent) -> ParameterValue {
        switch component {
        case .deposit: .integer(deposit)
        case .period: .integer(period)
        case .confirm: .integer(confirm)
        case .quorum: ParameterValue(quorum)
        case .approve: ParameterValue(approve)
        case .minYes: ParameterValue(minYes)
        case .delay: .integer(delay)
        case .places: .integer(places)
        }
    }
}

extension ParameterValue {
    public init(_ ratio: Ratio) {
        self = .ratio(numerator: ratio.numerator, denominator: ratio.denominator)
    }
}
