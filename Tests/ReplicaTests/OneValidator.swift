import Chain
import Consensus
import Cryptography

@testable import Replica

/// A chain of one validator whose shell is a loop: effects are performed at once, blocks execute to
/// nothing, and time moves to the next timer when there is nothing else to do.
struct OneValidator: ~Copyable {
    static let key: [UInt8] = [UInt8](repeating: 8, count: 32)

    var replica: Replica
    let instance: Instance
    var now = Moment(
        monotonic: Instant(nanoseconds: 1_000_000_000), wall: Timestamp(1_000_000))
    var timers: [ReplicaTimer: Instant] = [:]
    var inbox: [ReplicaInput] = []
    var committed: [Header] = []
    var log: [String] = []
    var builds: [BuildJob] = []

    init(blockInterval: UInt64 = 100, idleInterval: UInt64 = 1_000) throws {
        let key = SigningKey(seed: OneValidator.key)
        let set = try ValidatorSet([Validator(key: key.publicKey, power: 1)])
        guard let chainID = ChainID("one-validator") else { throw ValidatorSetError.empty }
        instance = Instance(
            chainID: chainID, epoch: .zero,
            base: BlockSummary(
                hash: Digest(.genesis, []), height: .genesis, view: .zero,
                timestamp: Timestamp(999_000)), validators: set, boundary: Height(.max),
            previousSeed: nil)
        replica = Replica(
            configuration: Replica.Configuration(),
            epoch: EpochStart(
                instance: instance, ownIndex: 0, seats: [nil],
                timing: Timing(blockInterval: blockInterval, idleInterval: idleInterval)),
            committed: instance.base)
    }

    mutating func give(_ input: ReplicaInput) {
        inbox.append(input)
        while !inbox.isEmpty {
            var effects: [ReplicaEffect] = []
            replica.handle(inbox.removeFirst(), at: now, into: &effects)
            for effect in effects {
                perform(effect)
            }
        }
    }

    /// Moves time to the next timer and fires it.
    mutating func wait() {
        guard let (timer, deadline) = timers.min(by: { $0.value < $1.value }) else { return }
        if deadline > now.monotonic {
            let passed = (deadline.nanoseconds - now.monotonic.nanoseconds) / 1_000_000
            now = Moment(monotonic: deadline, wall: now.wall.advanced(by: passed))
        }
        timers[timer] = nil
        give(.timer(timer))
    }

    private mutating func perform(_ effect: ReplicaEffect) {
        switch effect {
        case .persist(let records, let instance, let sequence):
            log += records.map { "persist \($0.type)" }
            inbox.append(.durable(instance: instance, sequence: sequence))
        case .sign(let intent):
            log.append("sign \(intent.statement.kind)")
            let key = SigningKey(seed: OneValidator.key)
            let message = intent.statement.signBytes(
                instance: intent.instance, view: intent.view)
            inbox.append(
                .signed(
                    .restored(
                        Vote(
                            epoch: intent.epoch, view: intent.view, signer: 0,
                            statement: intent.statement, signature: key.sign(message)))))
        case .setTimer(let timer, let deadline): timers[timer] = deadline
        case .cancelTimer(let timer): timers[timer] = nil
        case .build(let job):
            builds.append(job)
            inbox.append(
                .built(
                    instance: job.instance, view: job.view, block(for: job), dropped: []))
        case .store(let block):
            log.append("store")
            inbox.append(.stored(block.hash))
        case .execute(let request, _):
            inbox.append(
                .executed(instance: request.instance, hash: request.hash, .valid))
        case .commit(let headers, _):
            committed += headers
            if let last = headers.last {
                inbox.append(.committed(last.height))
            }
        case .admitted(_, let ticket): log.append("admitted \(ticket)")
        case .refused(_, let error, let ticket): log.append("refused \(ticket) \(error.code)")
        case .send, .verify, .replay, .serve, .penalize, .report, .keyInUse: break
        }
    }

    private func block(for job: BuildJob) -> Block {
        let body = BlockBody(transactions: job.candidates.map(\.value))
        return Block(
            header: Header(
                genesisHash: instance.base.hash, epoch: job.epoch,
                height: job.parent.height.advanced(by: 1), view: job.view,
                parentView: job.parentView, parentHash: job.parent.hash,
                timestamp: job.timestamp, proposer: job.proposer,
                transactionsRoot: body.transactionsRoot, stateRoot: .zero, receiptsRoot: .zero,
                setHash: instance.validators.hash, nextSetHash: instance.validators.hash,
                evidenceRoot: .zero, participationRoot: .zero, gasUsed: 0, gasLimit: 1),
            body: body)
    }
}
