import Chain
import Cryptography

/// What the leader of a view proposed, as far as this node knows (2.5).
enum ProposalSlot: Hashable, Sendable {
    /// Next: `unverified`, or `verified` in the leader itself.
    case none
    /// The leader signed this. Next: `verified`, `equivocated`, `implausible`.
    case unverified(Candidate)
    /// Executed, and voted for. Next: `equivocated`.
    case verified(Candidate)
    /// The leader signed two. Final.
    case equivocated
    /// The leader signed what cannot be a block of this instance. Final.
    case implausible

    var candidate: Candidate? {
        switch self {
        case .unverified(let candidate), .verified(let candidate): candidate
        case .none, .equivocated, .implausible: nil
        }
    }
}

/// One of this node's own votes.
enum OwnVote: Sendable {
    /// Next: `cast`, `refused`.
    case none
    /// Recorded; from the sync of the record on it counts as cast. Next: `signed`, `refused`.
    case cast(Statement, sequence: UInt64)
    /// Final.
    case signed(Verified<Vote>)
    /// The signer refused: not cast, and never asked for again. Final.
    case refused

    var statement: Statement? {
        switch self {
        case .none, .refused: nil
        case .cast(let statement, _): statement
        case .signed(let vote): vote.value.statement
        }
    }

    var signed: Verified<Vote>? {
        switch self {
        case .signed(let vote): vote
        case .none, .cast, .refused: nil
        }
    }

    var isCast: Bool { statement != nil }

    /// Whether it may still be cast.
    var isOpen: Bool {
        switch self {
        case .none: true
        case .cast, .signed, .refused: false
        }
    }
}

/// Whether this node executed what a quorum notarized, and agrees.
enum Certification: Hashable, Sendable {
    /// Next: `agreed`, `failed`.
    case unknown
    case agreed
    /// Local divergence (R6').
    case failed
}

/// The block that this node built for a view, as its log says (record 5).
struct BuiltBlock: Hashable, Sendable {
    let parentView: View
    let parent: Digest
    let hash: Digest
}

/// Everything known about one view.
struct ViewState: Sendable {
    let view: View
    var slot = ProposalSlot.none
    /// Who showed the proposal: asked first for what it rests on.
    var source: UInt16?
    var ownNotarize = OwnVote.none
    var ownNullify = OwnVote.none
    var ownFinalize = OwnVote.none
    var votes = VoteCollector()
    var detector = EquivocationDetector()
    var notarization: Verified<Certificate>?
    var nullification: Verified<Certificate>?
    var finalization: Verified<Certificate>?
    /// What the certificates said that only the disk still holds (I20).
    private(set) var onDisk: [Statement] = []
    var certification = Certification.unknown
    var built: BuiltBlock?
    /// The wall clock accepts the proposal's time.
    var isTimeReached = false
    var isTimeAsked = false

    init(view: View) {
        self.view = view
    }

    /// The payload that a quorum notarized: a finalization implies a notarization (2.16).
    var notarized: Candidate? {
        notarization?.value.statement.candidate ?? finalization?.value.statement.candidate
            ?? onDisk.lazy.compactMap(\.candidate).first
    }

    var isNullified: Bool { statement(.nullify) != nil }

    /// What the certificate of a kind says, wherever that is.
    func statement(_ kind: VoteKind) -> Statement? {
        certificate(kind)?.value.statement ?? onDisk.first { $0.kind == kind }
    }

    func certificate(_ kind: VoteKind) -> Verified<Certificate>? {
        switch kind {
        case .notarize: notarization
        case .nullify: nullification
        case .finalize: finalization
        }
    }

    /// The best certificate that ends this view: finalization, nullification, notarization.
    var bestCertificate: Verified<Certificate>? {
        finalization ?? nullification ?? notarization
    }

    func own(_ kind: VoteKind) -> OwnVote {
        switch kind {
        case .notarize: ownNotarize
        case .nullify: ownNullify
        case .finalize: ownFinalize
        }
    }

    mutating func setOwn(_ kind: VoteKind, _ vote: OwnVote) {
        switch kind {
        case .notarize: ownNotarize = vote
        case .nullify: ownNullify = vote
        case .finalize: ownFinalize = vote
        }
    }

    /// Lets go of everything that only a view near the current one needs. What is left is what the
    /// own votes and the parents of blocks depend on; whoever asks for a certificate gets it from
    /// the disk. A notarization that is not certified yet stays: it says who has the block.
    mutating func compact() {
        votes = VoteCollector()
        source = nil
        if nullification != nil {
            nullification = nil
            onDisk.append(.nullify)
        }
        if let notarization, certification != .unknown {
            onDisk.append(notarization.value.statement)
            self.notarization = nil
        }
    }

    /// Whether nothing is here that takes more than a few hundred bytes.
    var isCompact: Bool {
        nullification == nil && votes.isEmpty && (notarization == nil || certification == .unknown)
    }
}

/// The views that are known, in ascending order.
struct ViewTable: Sendable {
    private(set) var states: [ViewState] = []
    /// Below this view everything is in its compact form.
    private(set) var compactedBelow = View.zero

    /// Where `view` is, or where it would be.
    private func position(of view: View) -> Int {
        var low = 0
        var high = states.count
        while low < high {
            let middle = (low + high) / 2
            if states[middle].view < view {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    func index(of view: View) -> Int? {
        let position = position(of: view)
        return position < states.count && states[position].view == view ? position : nil
    }

    /// The state of a view, or nil if nothing is known about it.
    func state(_ view: View) -> ViewState? {
        index(of: view).map { states[$0] }
    }

    /// Reads without copying the state.
    func read<Value>(_ view: View, _ path: KeyPath<ViewState, Value>) -> Value? {
        index(of: view).map { states[$0][keyPath: path] }
    }

    /// The state of a view, made if there is none.
    subscript(view: View) -> ViewState {
        get { state(view) ?? ViewState(view: view) }
        _modify {
            let position = position(of: view)
            if position == states.count || states[position].view != view {
                states.insert(ViewState(view: view), at: position)
            }
            yield &states[position]
        }
    }

    /// The views within bounds, ascending.
    func views(after low: View, through high: View) -> [View] {
        guard low < high else { return [] }
        let start = position(of: low.advanced(by: 1))
        var views: [View] = []
        for index in start..<states.count {
            guard states[index].view <= high else { break }
            views.append(states[index].view)
        }
        return views
    }

    var last: View? { states.last?.view }

    mutating func removeAll(below view: View) {
        states.removeFirst(position(of: view))
    }

    mutating func remove(_ view: View) {
        guard let index = index(of: view) else { return }
        states.remove(at: index)
    }

    /// Compacts the view once more if it lies among those that were.
    mutating func compact(_ view: View) {
        guard view < compactedBelow, let index = index(of: view) else { return }
        states[index].compact()
    }

    mutating func compact(below view: View) {
        guard compactedBelow < view else { return }
        for index in position(of: compactedBelow)..<position(of: view) {
            states[index].compact()
        }
        compactedBelow = view
    }
}
