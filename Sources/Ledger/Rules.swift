import Chain
import StateTree

/// What is the same for all transactions of a block: what genesis fixed, the parameters and what is
/// paused as the block before left them (decisions.md 15). Read once per block.
public struct Rules: Hashable, Sendable {
    public let facts: ChainFacts
    public let parameters: Parameters
    public let pauses: PauseTable

    public init(facts: ChainFacts, parameters: Parameters, pauses: PauseTable = .none) {
        self.facts = facts
        self.parameters = parameters
        self.pauses = pauses
    }

    /// The rules for the block after the state that `reader` has.
    ///
    /// - Precondition: the state was made by `Ledger.genesis` and blocks after it.
    public init(over reader: some StateReader) {
        let state = State(over: reader)
        guard let facts = state.read(.chainFacts, as: ChainFacts.self) else {
            preconditionFailure("a state has the facts of its chain")
        }
        guard let parameters = state.read(.parameters, as: Parameters.self) else {
            preconditionFailure("a state has parameters")
        }
        self.init(
            facts: facts, parameters: parameters,
            pauses: state.read(.decision(.pauses)) ?? .none)
    }

    /// What a header of the next block carries as its gas limit.
    public var blockGasLimit: UInt64 { parameters.blockGasLimit }
}
