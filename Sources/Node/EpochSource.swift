import Chain
import Codec
import Consensus
import Cryptography
import Ledger
import Networking
import Replica
import StateTree
import Storage

/// Makes what an epoch starts from, out of the committed state and the stored blocks: at the start
/// of the node, and at every boundary.
struct EpochSource: Sendable {
    let blocks: BlockStore
    /// This node's consensus key; nil for a node that only follows.
    let consensusKey: PublicKey?
    /// The key by which peers know this node.
    let networkKey: PublicKey
    /// When the signer's record was lost. What it signed before is unknown, so there is no vote in
    /// an epoch that had begun by then (consensus.md 2.15).
    let silentSince: Timestamp?
    /// Which rules this node can follow.
    var software = SoftwareVersions()

    /// - Parameters:
    ///   - recovery: what the disk holds of this instance; nothing when the epoch really begins.
    ///   - snapshot: the state after the instance's base or a later block of the epoch.
    func start(
        _ instance: Instance, over snapshot: Snapshot, recovery: Recovery = Recovery()
    ) -> EpochStart {
        let epoch = instance.epoch
        return EpochStart(
            instance: instance, ownIndex: seat(in: instance),
            seats: networkKeys(of: instance, over: snapshot),
            timing: Timing(Queries.parameters(over: snapshot)), recovery: recovery,
            previous: boundary(before: instance),
            previousInstance: epoch == .zero
                ? nil
                : Queries.instance(
                    of: epoch.lowered(by: 1), after: instance.base, over: snapshot),
            excluded: Queries.excludedSeats(in: instance.validators, over: snapshot),
            reporter: consensusKey.flatMap {
                Queries.validator(key: $0, over: snapshot)?.operatorAddress
            })
    }

    /// The rules after a state, if this node does not know them: it can neither check nor vote.
    func unknownVersion(over snapshot: Snapshot) -> ProtocolVersion? {
        let version = Queries.protocolVersion(over: snapshot)
        return software.knows(version.hash) ? nil : version
    }

    /// The network key in the record of this node's validator, if the node has another one: from
    /// the next epoch on its seat is heard through that key alone.
    func recordedNetworkKey(over snapshot: Snapshot) -> PublicKey? {
        guard let consensusKey,
            let record = Queries.validator(key: consensusKey, over: snapshot),
            record.networkKey != networkKey
        else { return nil }
        return record.networkKey
    }

    /// Where this node sits and may vote.
    func seat(in instance: Instance) -> UInt16? {
        if let silentSince, instance.base.timestamp <= silentSince { return nil }
        return consensusKey.flatMap { instance.validators.index(of: $0) }
    }

    // MARK: Network keys

    /// Keeps what the state says of the seats as their epoch begins: later it says what their
    /// validators have made of it since. To be called before anything is committed in the epoch.
    func keepNetworkKeys(of instance: Instance, over snapshot: Snapshot) {
        guard snapshot.height == instance.base.height else { return }
        let keys = EpochSource.newestKeys(of: instance, over: snapshot)
        var writer = ByteWriter(capacity: 33 * keys.count)
        for key in keys { writer.writeOptional(key) }
        blocks.putSeatKeys(writer.bytes, of: instance.epoch)
    }

    /// The network key that each seat had when the epoch began, by index: on every node the same,
    /// whenever it was started.
    func networkKeys(of instance: Instance, over snapshot: Snapshot) -> [PublicKey?] {
        keptKeys(of: instance) ?? EpochSource.newestKeys(of: instance, over: snapshot)
    }

    private func keptKeys(of instance: Instance) -> [PublicKey?]? {
        guard let bytes = blocks.seatKeys(of: instance.epoch) else { return nil }
        var reader = ByteReader(bytes.span.bytes)
        var keys: [PublicKey?] = []
        for _ in 0..<instance.validators.count {
            do throws(DecodeError) {
                keys.append(try reader.readOptional())
            } catch {
                // A row that is none is as good as no row: it comes from the disk.
                return nil
            }
        }
        return keys
    }

    /// The keys that validators have taken since the epoch began, with the ones that their seats
    /// had then: a seat is known by both, so that a validator may change its key at any time. A key
    /// that a seat had then stays that seat's.
    func newKeys(in instance: Instance, over snapshot: Snapshot) -> [PublicKey: PublicKey] {
        let keys = networkKeys(of: instance, over: snapshot)
        let newest = EpochSource.newestKeys(of: instance, over: snapshot)
        let taken = Set(keys.compactMap { $0 })
        var new: [PublicKey: PublicKey] = [:]
        for (key, newest) in zip(keys, newest) {
            guard let key, let newest, !taken.contains(newest) else { continue }
            new[newest] = key
        }
        return new
    }

    private static func newestKeys(
        of instance: Instance, over snapshot: Snapshot
    ) -> [PublicKey?] {
        var keys = [PublicKey?](repeating: nil, count: instance.validators.count)
        for seat in Queries.seats(of: instance.epoch, over: snapshot) {
            keys[Int(seat.index)] = seat.record.networkKey
        }
        return keys
    }

    /// What made the block final that an epoch builds on; nil for the genesis.
    private func boundary(before instance: Instance) -> FinalizedHead? {
        guard instance.epoch > .zero else { return nil }
        return blocks.finalizedHead(at: instance.base.height)
    }

    /// How many epochs back the logs of crashed starts are looked for.
    private static let endedMax: UInt64 = 64

    /// The last instances before an epoch, which are over for good once it has ended as well: the
    /// state that says so is durable. The newest comes first.
    static func ended(before epoch: Epoch, over snapshot: Snapshot) -> [Digest] {
        (1...endedMax).prefix { $0 <= epoch.value }.compactMap { distance in
            Queries.epochRecord(epoch.lowered(by: distance), over: snapshot)?.instance
        }
    }

    /// Who should be connected in this epoch and prepare for the next: the members of both sets, by
    /// whatever keys they are known, and where those of them listen that said so.
    func neighbours(
        in instance: Instance, over snapshot: Snapshot
    ) -> (ids: Set<PeerID>, addresses: [PeerAddress]) {
        var ids: Set<PeerID> = []
        var addresses: [PeerAddress] = []
        for epoch in [instance.epoch, instance.epoch.advanced(by: 1)] {
            for seat in Queries.seats(of: epoch, over: snapshot) {
                let id = PeerID(seat.record.networkKey)
                guard ids.insert(id).inserted,
                    let endpoint = NodeConfiguration.Endpoint(seat.record.endpoint)
                else { continue }
                addresses.append(PeerAddress(id: id, host: endpoint.host, port: endpoint.port))
            }
        }
        ids.formUnion(
            networkKeys(of: instance, over: snapshot).compactMap { $0.map { PeerID($0) } })
        return (ids, addresses)
    }
}

extension BlockStore {
    /// The block of a height with its own finalization, which every last block of an epoch has; nil
    /// where it is final through a descendant.
    func finalizedHead(at height: Height) -> FinalizedHead? {
        guard let hash = hash(at: height), let bytes = header(hash),
            let header = try? Header(decoding: bytes), let stored = finalization(at: height),
            let certificate = try? Certificate(decoding: stored),
            certificate.statement.candidate?.blockHash == hash
        else { return nil }
        return FinalizedHead(header: header, certificate: .restored(certificate))
    }
}

extension Timing {
    /// The times that the parameters of a chain give.
    ///
    /// - Precondition: genesis and every decision were checked to leave consistent times.
    init(_ parameters: Parameters) {
        let leaderTimeout = parameters.blockInterval + parameters.leaderTimeoutExtra
        self.init(
            blockInterval: parameters.blockInterval, idleInterval: parameters.idleInterval,
            leaderTimeout: leaderTimeout,
            advanceTimeout: leaderTimeout + parameters.advanceTimeoutExtra,
            retryInterval: parameters.retryInterval,
            // Slow blocks may be wanted: the bound of growth is never below the base.
            leaderTimeoutMax: max(30_000, leaderTimeout))
    }
}
