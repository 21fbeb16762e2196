import Chain
import Cryptography

/// Everybody in a simulation with their keys, and the genesis that they agree on.
struct Cast: Sendable {
    struct Member: Sendable {
        let operatorAddress: Address
        /// nil for a node that only follows.
        let consensusKey: PublicKey?
        let networkKey: PublicKey
    }

    struct Client: Sendable {
        let key: PublicKey
        let address: Address
    }

    let members: [Member]
    let clients: [Client]
    let genesis: Genesis
    let genesisHash: Digest

    /// Milliseconds of the wall clock at the virtual origin.
    static let originMilliseconds: UInt64 = 1_700_000_000_000
    static let clientWealth: UInt64 = 1_000_000_000_000
    /// One unit of the plan's power in base units.
    private static let powerUnit: UInt64 = 1_000_000

    init(_ plan: WorldPlan) {
        guard let chainID = ChainID("simulation") else {
            preconditionFailure("the name is a chain id")
        }
        var members: [Member] = []
        var entries: [GenesisEntry] = []
        for (node, power) in Seating(plan).genesisPowers.enumerated() {
            let operatorKey = Cast.key(1, node)
            let consensusKey = Cast.key(2, node)
            let networkKey = Cast.key(3, node).publicKey
            members.append(
                Member(
                    operatorAddress: Address(operatorKey.publicKey),
                    consensusKey: consensusKey.publicKey, networkKey: networkKey))
            entries.append(
                GenesisEntry(
                    chainID: chainID, operatorKey: operatorKey, consensusKey: consensusKey,
                    networkKey: networkKey, endpoint: "", moniker: "node\(node)", commission: 0,
                    selfBond: Amount(power * Cast.powerUnit)))
        }
        for node in plan.validators..<plan.nodes {
            members.append(
                Member(
                    operatorAddress: Address(Cast.key(1, node).publicKey), consensusKey: nil,
                    networkKey: Cast.key(3, node).publicKey))
        }
        let clients = (0..<max(plan.load.accounts, 1)).map { index in
            let key = Cast.key(4, index).publicKey
            return Client(key: key, address: Address(key))
        }
        let genesis = Genesis(
            chainID: chainID, time: Timestamp(Cast.originMilliseconds), prefix: "alth",
            nativeAsset: Asset(symbol: "alt", decimals: 6), parameters: Cast.parameters(plan),
            accounts: clients.map {
                GenesisAccount(
                    address: $0.address,
                    balances: [AssetBalance(amount: Amount(Cast.clientWealth))])
            },
            validators: entries
        ).sorted
        let problems = genesis.check()
        precondition(problems.isEmpty, "a plan makes a sound genesis: \(problems)")
        self.members = members
        self.clients = clients
        self.genesis = genesis
        genesisHash = genesis.hash
    }

    /// The key of a role and a number, the same in every simulation.
    private static func key(_ role: UInt8, _ index: Int) -> SigningKey {
        var seed = [UInt8](repeating: role, count: 32)
        seed[0] = UInt8(index & 0xFF)
        seed[1] = UInt8(index >> 8 & 0xFF)
        return SigningKey(seed: seed)
    }

    private static func parameters(_ plan: WorldPlan) -> Parameters {
        var parameters = Parameters.development
        let values: [(GeneralParameter, UInt64)] = [
            (.blockInterval, plan.blockInterval), (.idleInterval, plan.idleInterval),
            (.leaderTimeoutExtra, plan.leaderTimeoutExtra),
            (.advanceTimeoutExtra, plan.advanceTimeoutExtra),
            (.retryInterval, plan.retryInterval),
            (.epochLength, plan.epochs?.length ?? 1 << 62),
            (.maxValidators, max(21, UInt64(plan.validators))),
            (.minSelfBond, 1),
        ]
        for (parameter, value) in values {
            do throws(ParameterProblem) {
                try parameters.set(.general(parameter), to: .integer(value))
            } catch {
                preconditionFailure("a number fits a parameter: \(error)")
            }
        }
        return parameters
    }

    /// The node with a consensus key.
    func node(ofConsensusKey key: PublicKey) -> Int? {
        members.firstIndex { $0.consensusKey == key }
    }
}
