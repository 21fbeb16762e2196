import Chain
import Codec
import Cryptography
import Ledger
import StateTree

/// An upgrade that the genesis has scheduled already, and the programs that do not know it.
public struct ScheduledRules: Hashable, Sendable {
    public var firstEpoch: UInt64
    public var lastEpoch: UInt64
    /// Nodes whose program follows the rules of the genesis alone.
    public var oldNodes: Set<Int>

    public init(firstEpoch: UInt64, lastEpoch: UInt64, oldNodes: Set<Int>) {
        self.firstEpoch = firstEpoch
        self.lastEpoch = lastEpoch
        self.oldNodes = oldNodes
    }

    static let version = ProtocolVersion.hash(of: "simulated")

    var plan: UpgradePlan {
        UpgradePlan(
            name: "simulated", version: ScheduledRules.version, firstEpoch: Epoch(firstEpoch),
            lastEpoch: Epoch(lastEpoch))
    }
}

extension WorldPlan {
    /// What a node's program can follow.
    func software(of member: Int) -> SoftwareVersions {
        let isOld = upgrade?.oldNodes.contains(member) ?? true
        return SoftwareVersions(alsoKnown: isOld ? [] : [ScheduledRules.version])
    }

    /// The genesis, with the upgrade that it has scheduled.
    func genesisState(_ cast: Cast) -> StateChanges {
        let changes = Ledger.genesis(cast.genesis).changes
        guard let upgrade else { return changes }
        var memory = MemoryState()
        memory.apply(changes)
        var writes = [
            StateWrite(
                key: StateKey.enacted(.upgrade).bytes,
                value: ScheduledUpgrade(plan: upgrade.plan, proposal: ProposalID(1)).encoded())
        ]
        var lower: [UInt8] = []
        while let entry = memory.firstEntry(from: lower, to: [.max, .max, .max]) {
            writes.append(StateWrite(key: entry.key, value: entry.value))
            lower = entry.key + [0]
        }
        writes.sort { $0.key.lexicographicallyPrecedes($1.key) }
        return StateTree.apply(writes, version: changes.version, over: MemoryState())
    }
}

extension World {
    /// A node whose program does not know the rules from here on takes part in nothing more; nobody
    /// starts it again.
    func stopsOutdated(_ node: SimulatedNode) -> Bool {
        guard plan.upgrade != nil else { return false }
        let version = Queries.protocolVersion(over: node.published)
        guard !plan.software(of: node.member).knows(version.hash) else { return false }
        timeline.happened += 1
        crash(node, downMilliseconds: nil)
        return true
    }
}
