import Chain
import Codec
import Consensus
import Cryptography

// Two votes that no honest validator casts together: found by the engine or told by a peer, told
// on once, put into a block by whoever leads, and forgotten when a final block has them.
extension Replica {
    /// The engine found a pair, and it is durable.
    mutating func take(_ evidence: Evidence, into effects: inout [ReplicaEffect]) {
        guard pool.insert(evidence, in: currentView) else { return }
        isWorkStale = true
        effects.append(.send(.evidence(evidence), to: .everyone(except: nil)))
    }

    /// A peer tells of a pair. About epochs other than this one and the one before nothing can be
    /// checked here; that is no fault of the peer (SEC-12).
    mutating func receive(
        _ evidence: Evidence, from peer: Peer, into effects: inout [ReplicaEffect]
    ) {
        guard pool.wants(evidence) else { return }
        let known = [instance, previousInstance].compactMap { $0 }
        guard let instance = known.first(where: { $0.epoch == evidence.epoch }) else { return }
        effects.append(.verify(.evidence(evidence), in: instance, from: peer))
    }

    /// The pair was checked in the instance `id`.
    mutating func accept(
        _ evidence: Verified<Evidence>, of id: Digest, from peer: Peer,
        into effects: inout [ReplicaEffect]
    ) {
        guard id == instance.id || id == previousInstance?.id else { return }
        guard pool.insert(evidence.value, in: currentView) else { return }
        isWorkStale = true
        effects.append(.send(.evidence(evidence.value), to: .everyone(except: peer.key)))
    }

    /// Whoever connects may have missed what was told: the oldest few, which it can ignore.
    func tellEvidence(to peer: Peer, into effects: inout [ReplicaEffect]) {
        for evidence in pool.evidence.prefix(Replica.evidenceToldMax) {
            effects.append(.send(.evidence(evidence), to: .peer(peer.key)))
        }
    }

    static var evidenceToldMax: Int { 8 }

    // MARK: Blocks

    /// What this node would put into a block on top of `parent`.
    func evidence(
        after parent: Digest, height: Height, since oldest: View = .zero
    ) -> [ReportedEvidence] {
        guard let reporter = reporter, pool.count > 0 else { return [] }
        return pool.candidates(
            of: instance.epoch, without: tree.evidence(to: parent, above: finalized.height),
            isFirst: height.value == instance.base.height.value + 1, since: oldest
        ).map { ReportedEvidence(evidence: $0, reporter: reporter) }
    }

    /// The height of a block on top of `parent`.
    func height(after parent: Digest) -> Height {
        (tree[parent]?.block.header.height ?? finalized.height).advanced(by: 1)
    }

    /// A block is final: what it contains waits no more, and whoever its evidence convicts leads no
    /// more (2.9).
    mutating func settle(_ body: BlockBody, height: Height) {
        mempool.blockFinalized(body.transactions, height: height)
        guard !body.evidence.isEmpty else { return }
        pool.settle(body.evidence.map(\.evidence))
        isWorkStale = true
        for entry in body.evidence {
            let known = [instance, previousInstance].compactMap { $0 }
            let seat = known.first { $0.epoch == entry.evidence.epoch }?
                .validators.validator(at: entry.evidence.signer)
            guard let key = seat?.key, !convicted.contains(key) else { continue }
            convicted.append(key)
            if convicted.count > Limits.validatorsMax { convicted.removeFirst() }
        }
        if let exclusion { followUps.append(exclusion) }
    }

    /// Who is kept from leading: whom the state names, and whom final blocks have convicted since.
    var exclusion: Input? {
        var signers = excluded
        for key in convicted {
            guard let index = instance.validators.index(of: key), !signers.contains(index) else {
                continue
            }
            signers.append(index)
        }
        return signers.isEmpty ? nil : .excluded(signers.sorted())
    }
}
