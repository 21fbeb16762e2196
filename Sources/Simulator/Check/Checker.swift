import Chain
import Consensus
import Cryptography
import Ledger
import Replica

/// Watches all nodes from outside and recomputes from first principles what must hold.
struct Checker: Sendable {
    private let seating: Seating
    private let cast: Cast
    private let byzantine: Set<Int>
    private(set) var violations: [Violation] = []
    /// What must come of more Byzantine power than the protocol bears.
    private(set) var expected: [Violation] = []
    /// Rules that cannot hold then.
    private static let forkRules: Set<String> = ["X1", "X2", "X4", "X6", "halt", "once"]
    private let isBeyondModel: Bool
    /// Nodes whose execution is made to differ.
    private let divergent: Set<Int>

    /// One for each instance that any node began.
    private var books: [VoteBook] = []
    /// X1: what became final at a height.
    private var finals: [Height: Final] = [:]
    private(set) var highest = Height.genesis
    /// Finalized transactions, each in one block only.
    private var heightOfTransaction: [Digest: Height] = [:]
    /// The last height that the run of a node told, by endpoint.
    private var told: [Int: Height] = [:]
    /// What a node's disk must still have after a crash.
    private var durable: [Int: Height] = [:]

    private struct Final: Sendable {
        let hash: Digest
        let stateRoot: Digest
        let transactions: [Digest]?
    }

    /// Heights that are remembered below the highest.
    private static let rememberedHeights: UInt64 = 4_096
    private static let rememberedEpochs = 32

    init(_ plan: WorldPlan, cast: Cast) {
        seating = Seating(plan)
        self.cast = cast
        byzantine = Set(plan.corrupted.map(\.node))
        isBeyondModel = plan.isBeyondModel
        divergent = plan.divergentNodes
    }

    mutating func fail(_ rule: String, _ detail: String) {
        add(Violation(rule, detail))
    }

    private mutating func add(_ violation: Violation) {
        if isBeyondModel, Checker.forkRules.contains(violation.rule) {
            expected.append(violation)
        } else {
            violations.append(violation)
        }
    }

    /// The node behind a seat of an epoch that somebody began.
    func node(of signer: UInt16, in epoch: Epoch) -> Int? {
        books.last { $0.epoch == epoch }?.seats[safe: Int(signer)]?.node
    }

    // MARK: Instances

    /// A node begins an instance: all nodes begin the same one for an epoch, with the set that the
    /// simulator's own election chose.
    mutating func begun(_ instance: Instance, by node: Int) {
        if let book = books.last(where: { $0.epoch == instance.epoch }) {
            if book.instance != instance.id {
                fail("X1", "node \(node) begins another instance of epoch \(instance.epoch)")
            }
            return
        }
        let expected = seating.expectedSeats(of: instance.epoch)
        var seats: [Seating.Seat] = []
        for validator in instance.validators.validators {
            guard let node = cast.node(ofConsensusKey: validator.key),
                let seat = expected.first(where: { $0.node == node })
            else {
                fail("2.13", "epoch \(instance.epoch) seats a key that was not elected")
                return
            }
            seats.append(seat)
        }
        if seats.count != expected.count {
            fail("2.13", "epoch \(instance.epoch) has \(seats.count) seats of \(expected.count)")
        }
        books.append(
            VoteBook(
                epoch: instance.epoch, instance: instance.id, seats: seats, byzantine: byzantine))
        let ended = books.count - 4
        if ended >= 0 {
            books[ended].shrink()
            for violation in books[ended].takeViolations() { add(violation) }
        }
        // Who was away for many epochs begins them all again.
        if books.count > Checker.rememberedEpochs {
            conclude(0)
            books.removeFirst()
        }
    }

    private mutating func conclude(_ index: Int) {
        books[index].conclude()
        for violation in books[index].takeViolations() { add(violation) }
    }

    private mutating func inBook(
        where isIt: (VoteBook) -> Bool, _ body: (inout VoteBook) -> Void
    ) {
        guard let index = books.lastIndex(where: isIt) else { return }
        body(&books[index])
        for violation in books[index].takeViolations() { add(violation) }
    }

    // MARK: Votes

    mutating func signed(_ statement: Statement, view: View, signer: UInt16, instance: Digest) {
        inBook(where: { $0.instance == instance }) {
            $0.signed(view: view, signer: signer, statement: statement)
        }
    }

    /// An honest node sent a certificate.
    mutating func sent(_ certificate: Certificate) {
        inBook(where: { $0.epoch == certificate.epoch }) { $0.sent(certificate) }
    }

    mutating func penalized(_ offender: Int, by node: Int, _ offence: Offence) {
        guard !byzantine.contains(offender), !byzantine.contains(node) else { return }
        switch offence {
        case .timeout: return
        case .forged, .unsolicited:
            fail("X7", "node \(node) holds honest node \(offender) to be \(offence)")
        }
    }

    mutating func reported(
        _ report: Report, by node: Int, epoch: Epoch, lastFinalizedView: View
    ) {
        guard !byzantine.contains(node) else { return }
        switch report {
        case .safetyHalt(let a, let b):
            fail("halt", "node \(node): \((a ?? b).value.view) and \(b.value.view)")
        case .localDivergence(let view, _):
            if !divergent.contains(node) { fail("divergence", "node \(node) in view \(view)") }
        case .invalidProposal(let view, let leader):
            let book = books.last { $0.epoch == epoch }
            if let leading = book?.seats[safe: Int(leader)], !byzantine.contains(leading.node),
                !divergent.contains(leading.node), !divergent.contains(node)
            {
                fail("X7", "honest node \(leading.node) proposed what is invalid in \(view)")
            }
        case .evidence(let evidence):
            guard let book = books.last(where: { $0.epoch == evidence.epoch }),
                let seat = book.seats[safe: Int(evidence.signer)]
            else { return }
            if !byzantine.contains(seat.node) {
                fail("X3", "evidence against honest node \(seat.node)")
            }
        case .voteRefused(let kind, let view):
            // The signer's record is pruned with the floor: a late finalize is moot then.
            if view > lastFinalizedView { fail("guard", "\(node) refused \(kind) of \(view)") }
        case .entered, .gaveUp: return
        }
    }

    /// What a step of a node asked for, and what it keeps: I20.
    mutating func used(_ usage: EngineUsage, by node: Int) {
        guard !byzantine.contains(node) else { return }
        if usage.views > EngineUsage.viewsMax || usage.requests > EngineUsage.requestsMax {
            fail("I20", "node \(node) keeps \(usage.views) views, \(usage.requests) requests")
        }
    }

    mutating func asked(_ effects: Int, validators: Int, by node: Int) {
        guard !byzantine.contains(node), effects > 4 * validators + 80 else { return }
        fail("I20", "a step of node \(node) has \(effects) effects")
    }

    /// SEC-44: what is stored goes when its height is final, so it must be one that can be.
    mutating func stored(_ header: Header, in instance: Instance, by node: Int) {
        guard !byzantine.contains(node) else { return }
        let rise = header.height.lowered(by: instance.base.height.value)
        let isOfChain =
            header.epoch == instance.epoch
            && header.setHash == instance.validators.hash
        let isInReach = header.height <= instance.boundary && rise.value <= header.view.value
        guard !isOfChain || !isInReach else { return }
        fail(
            "SEC-44",
            "node \(node) stores a block of epoch \(header.epoch) and height \(header.height)")
    }

    // MARK: Finality

    /// A node told that a block is final: X1, X2, I18.
    mutating func finalized(_ header: Header, _ transactions: [SignedTransaction]?, by node: Int) {
        guard !byzantine.contains(node) else { return }
        let hash = header.hash
        let height = header.height
        if let last = told[node], height.value > last.value + 1 {
            fail("I18", "node \(node) told \(height) after \(last)")
        }
        told[node] = max(told[node] ?? height, height)
        if let known = finals[height] {
            if known.hash != hash { fail("X1", "height \(height): \(hash) and \(known.hash)") }
            if known.transactions != nil || transactions == nil { return }
        }
        let parent = finals[height.lowered(by: 1)]
        if height > Height(1), let parent, parent.hash != header.parentHash {
            fail("X2", "height \(height) does not extend what is final below")
        }
        finals[height] = Final(
            hash: hash, stateRoot: header.stateRoot, transactions: transactions?.map(\.id))
        for transaction in transactions ?? [] {
            if let other = heightOfTransaction.updateValue(height, forKey: transaction.id),
                other != height
            {
                fail("once", "transaction \(transaction.id) is in blocks \(other) and \(height)")
            }
        }
        guard height > highest else { return }
        highest = height
        forget()
    }

    /// Long runs stay small.
    private mutating func forget() {
        guard highest.value % 1_024 == 0 else { return }
        let floor = highest.lowered(by: Checker.rememberedHeights)
        for (_, final) in finals.filter({ $0.key < floor }) {
            for id in final.transactions ?? [] { heightOfTransaction[id] = nil }
        }
        finals = finals.filter { $0.key >= floor }
    }

    mutating func acted(on certificate: Certificate, lastHeader: Header?, by node: Int) {
        guard !byzantine.contains(node) else { return }
        if let lastHeader, certificate.statement.candidate?.blockHash != lastHeader.hash {
            fail("X2", "the certificate of view \(certificate.view) names another block")
        }
        inBook(where: { $0.epoch == certificate.epoch }) {
            $0.finalized(certificate)
            $0.prune(below: certificate.view.lowered(by: 1_024))
        }
    }

    // MARK: State

    /// A node's committed state: X6.
    mutating func committed(_ height: Height, root: Digest, by node: Int) {
        guard !byzantine.contains(node), let final = finals[height] else { return }
        if final.stateRoot != root { fail("X6", "node \(node) has another state at \(height)") }
    }

    /// The node's disk has said that what is committed up to here survives.
    mutating func promised(_ height: Height, by node: Int) {
        durable[node] = max(durable[node] ?? height, height)
    }

    /// A node starts from its disk.
    mutating func recovered(_ node: Int, height: Height, hash: Digest, root: Digest) {
        told[node] = nil
        guard !byzantine.contains(node) else { return }
        if let promised = durable[node], height < promised {
            fail("durability", "node \(node) starts at \(height) and had promised \(promised)")
        }
        if let final = finals[height], final.hash != hash || final.stateRoot != root {
            fail("X6", "node \(node) starts from another block at \(height)")
        }
    }

    mutating func checked(_ found: [InvariantViolation], at height: Height, of node: Int) {
        guard !byzantine.contains(node) else { return }
        for violation in found {
            fail("supply", "node \(node) at \(height): \(violation)")
        }
    }

    /// What is judged when the run is over.
    mutating func conclude() {
        for index in books.indices { conclude(index) }
    }

    var epochs: UInt64 { books.last.map { $0.epoch.value + 1 } ?? 0 }
}

extension Array {
    subscript(safe index: Int) -> Element? {
        indices.contains(index) ? self[index] : nil
    }
}
