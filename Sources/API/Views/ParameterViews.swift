import Chain
import Cryptography

/// What holders may change, with its bounds.
struct ParameterJSON: Encodable {
    let name: String
    let value: ParameterValueJSON
    /// As people write it, and as the command line takes it.
    let text: String
    /// `ms`, `baseUnits`, `gas`, `count`, `blocks` or `ratio`.
    let unit: String
    let min: ParameterValueJSON
    let max: ParameterValueJSON
    /// The track of a proposal that changes it.
    let track: String

    init(_ id: ParameterID, _ value: ParameterValue, _ chain: ChainDescription) {
        let definition = id.definition
        let (min, max) = ParameterJSON.bounds(
            definition.bounds, isDevelopment: chain.kind == ChainKind.development.name)
        name = definition.name
        self.value = ParameterValueJSON(value, id)
        text = chain.text(of: value, id)
        unit = definition.unit.name
        self.min = ParameterValueJSON(min, id)
        self.max = ParameterValueJSON(max, id)
        track = definition.track.name
    }

    private static func bounds(
        _ bounds: ParameterBounds, isDevelopment: Bool
    ) -> (ParameterValue, ParameterValue) {
        switch bounds {
        case .integer(let range, let developmentMinimum):
            (
                .integer(isDevelopment ? developmentMinimum : range.lowerBound),
                .integer(range.upperBound)
            )
        case .ratio(let least, let most):
            (ParameterValue(least), ParameterValue(most))
        }
    }
}

/// What a client needs to know of a chain before it signs anything.
struct ChainJSON: Encodable {
    struct AssetJSON: Encodable {
        let symbol: String
        let decimals: UInt8
    }

    let chainID: String
    let genesisHash: String
    let kind: String
    let prefix: String
    let asset: AssetJSON
    let genesisTime: String
    let genesisTimeMs: UInt64
    let parameters: [ParameterJSON]

    init(_ chain: ChainDescription, _ parameters: Parameters) {
        chainID = chain.chainID.text
        genesisHash = chain.genesisHash.hex
        kind = chain.kind
        prefix = chain.addressPrefix
        asset = AssetJSON(symbol: chain.symbol, decimals: chain.decimals)
        genesisTime = timeText(chain.genesisTime)
        genesisTimeMs = chain.genesisTime.milliseconds
        self.parameters = parameters.all.map { ParameterJSON($0.id, $0.value, chain) }
    }
}
