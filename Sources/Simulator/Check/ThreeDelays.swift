extension WorldPlan {
    /// Nanoseconds from a proposal to its finality, if nothing took time but the ways: those of the
    /// proposal, the notarize votes and the finalize votes, each until a quorum has come. Of all
    /// leaders and nodes that are not dead, the value below which so many of a thousand lie.
    public func threeDelays(permille: UInt64) -> UInt64 {
        let network = VirtualNetwork(self, endpoints: nodes)
        let powers = Seating(self).genesisPowers
        let total = powers.reduce(0, +)
        let dead = deadNodes
        let alive = (0..<validators).filter { !dead.contains($0) }
        func way(_ from: Int, _ to: Int) -> UInt64 {
            from == to ? 0 : network.latency(from: from, to: to)
        }
        /// When a quorum has come of what nodes sent at these moments.
        func quorum(at node: Int, of sent: [Int: UInt64]) -> UInt64? {
            var power: UInt64 = 0
            let arrivals = alive.compactMap { from in
                sent[from].map { (at: $0 + way(from, node), power: powers[from]) }
            }
            for arrival in arrivals.sorted(by: { $0.at < $1.at }) {
                power += arrival.power
                if 3 * power > 2 * total { return arrival.at }
            }
            return nil
        }
        var times: [UInt64] = []
        for leader in alive {
            var notarized: [Int: UInt64] = [:]
            var finalized: [Int: UInt64] = [:]
            for node in alive { notarized[node] = way(leader, node) }
            for node in alive { finalized[node] = quorum(at: node, of: notarized) }
            for node in alive {
                if let time = quorum(at: node, of: finalized) { times.append(time) }
            }
        }
        guard !times.isEmpty else { return 0 }
        times.sort()
        let index = times.count * Int(min(permille, 1_000)) / 1_000
        return times[min(index, times.count - 1)]
    }
}
