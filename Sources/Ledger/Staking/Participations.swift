import Chain
import Cryptography
import StateTree

/// Why a block's record of participation is not valid.
public enum ParticipationRejection: Error, Hashable, Sendable {
    /// Entries are in strictly ascending order of epoch and view.
    case unordered
    /// Only notarize votes below or above a quorum, as a partial certificate has them.
    case wrongKind
    /// None of the last blocks of this epoch or the one before is what the votes name.
    case unknownBlock(Epoch, View)
    case bitmapMismatch
    case empty
    /// The votes are in a block already.
    case alreadyNamed
    case tooManyVotes(count: Int, limit: Int)
    case invalid(VerificationError)
}

/// Who took part (staking.md 3): each block names the notarize votes for its parent, and those for
/// earlier blocks that nobody has named. It is the only source of rewards, and leaders and
/// verifiers run the same code.
///
/// A block writes down its own place; the next one knows its hash. What is remembered has a
/// constant size: a ring of blocks, and the counts of the epochs that are not paid for.
enum Participations {
    /// Of a longer gap between two blocks only so many rounds of slots count.
    static let roundsMax: UInt64 = 4

    /// What is needed of one epoch to judge votes.
    private struct Book {
        let epoch: Epoch
        let instance: Digest
        let validators: ValidatorSet
        var counts: ParticipationCounts
    }

    // MARK: Blocks

    /// Writes down a block and whose slots it used or passed by.
    static func begin<Base: StateReader>(
        _ state: inout State<Base>, context: BlockContext, known: [ValidatorSet]
    ) {
        guard var counts = counts(of: context.epoch, known: known, in: state),
            let seed = state.read(.epoch(context.epoch), as: EpochRecord.self)?.seed
        else { return }
        if var parent = block(at: context.height.lowered(by: 1), in: state) {
            parent.hash = context.parentHash
            write(parent, into: &state)
        }
        write(
            RecentBlock(
                epoch: context.epoch, height: context.height, view: context.view,
                parentView: context.parentView,
                named: SignerBitmap(count: counts.seats.count)),
            into: &state)
        counts.blocks.increase()
        countSlots(of: context, seed: seed, in: &counts)
        state.write(.staking(.participation(context.epoch)), counts)
    }

    /// Every view since the parent's was a slot of its leader, and the last one was used.
    private static func countSlots(
        of context: BlockContext, seed: Digest, in counts: inout ParticipationCounts
    ) {
        guard context.view > context.parentView else { return }
        var schedule = LeaderSchedule(seed: seed, count: counts.seats.count)
        let gap = context.view.value - context.parentView.value
        for distance in 0..<min(gap, roundsMax * UInt64(counts.seats.count)) {
            let leader = Int(schedule.leader(of: context.view.lowered(by: distance)))
            counts.seats[leader].slots.increase()
            if distance == 0 { counts.seats[leader].led.increase() }
        }
    }

    /// The counts of an epoch that has begun; those of a new one are zero.
    private static func counts<Base: StateReader>(
        of epoch: Epoch, known: [ValidatorSet], in state: State<Base>
    ) -> ParticipationCounts? {
        if let counts: ParticipationCounts = state.read(.staking(.participation(epoch))) {
            return counts
        }
        return validators(of: epoch, known: known, in: state).map { set in
            ParticipationCounts(
                seats: [SeatCounts](repeating: SeatCounts(), count: set.count))
        }
    }

    /// The set of an epoch; reading one from the state means sorting and hashing it.
    static func validators<Base: StateReader>(
        of epoch: Epoch, known: [ValidatorSet], in state: State<Base>
    ) -> ValidatorSet? {
        let hash: Digest? = state.read(.validatorSetHash(epoch))
        return known.first { $0.hash == hash } ?? Epochs.validators(of: epoch, in: state)
    }

    // MARK: The ring

    private static func place(of height: Height) -> StateKey {
        .staking(.recentBlock(UInt8(truncatingIfNeeded: height.value)))
    }

    private static func block<Base: StateReader>(
        at height: Height, in state: State<Base>
    ) -> RecentBlock? {
        guard let block: RecentBlock = state.read(place(of: height)), block.height == height
        else { return nil }
        return block
    }

    private static func write<Base: StateReader>(
        _ block: RecentBlock, into state: inout State<Base>
    ) {
        state.write(place(of: block.height), block)
    }

    /// The recent block that votes are for; epochs and views rise with the heights, so that it is
    /// found by halving.
    private static func block<Base: StateReader>(
        of votes: Certificate, _ context: BlockContext, in state: State<Base>
    ) -> RecentBlock? {
        guard votes.epoch.advanced(by: 1) >= context.epoch else { return nil }
        var low = max(1, context.height.lowered(by: UInt64(Limits.recentBlocksMax) - 1).value)
        var high = context.height.value
        while low < high {
            let middle = low + (high - low) / 2
            guard let found = block(at: Height(middle), in: state) else { return nil }
            if (found.epoch, found.view) < (votes.epoch, votes.view) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < context.height.value, let found = block(at: Height(low), in: state),
            found.epoch == votes.epoch, found.view == votes.view, let candidate = found.candidate,
            candidate == votes.statement.candidate
        else { return nil }
        return found
    }

    // MARK: Votes

    /// Counts the votes that a block names, or refuses it.
    ///
    /// - Parameter known: sets that the caller has at hand.
    static func take<Base: StateReader>(
        _ entries: [Participation], context: BlockContext, known: [ValidatorSet],
        signatures: SignatureCheck, in state: inout State<Base>
    ) throws(BlockRejection) {
        var books: [Book] = []
        var count = 0
        for (index, entry) in entries.enumerated() {
            let votes = entry.notarizations
            do throws(ParticipationRejection) {
                if index > 0 {
                    let before = entries[index - 1].notarizations
                    guard (before.epoch, before.view) < (votes.epoch, votes.view) else {
                        throw .unordered
                    }
                }
                count += votes.signatures.count
                try take(
                    votes, count: count, context, known: known, signatures: signatures,
                    &books, in: &state)
            } catch {
                throw .participation(index: index, error)
            }
        }
        for book in books {
            state.write(.staking(.participation(book.epoch)), book.counts)
        }
    }

    /// - Parameter count: of the votes of the block so far, these among them.
    private static func take<Base: StateReader>(
        _ votes: Certificate, count: Int, _ context: BlockContext, known: [ValidatorSet],
        signatures: SignatureCheck, _ books: inout [Book], in state: inout State<Base>
    ) throws(ParticipationRejection) {
        guard votes.kind == .notarize, votes.isPartial else { throw .wrongKind }
        guard var block = block(of: votes, context, in: state),
            let index = open(votes.epoch, known: known, &books, in: state)
        else { throw .unknownBlock(votes.epoch, votes.view) }
        let limit = 2 * seatCount(of: context.epoch, in: state)
        guard count <= limit else { throw .tooManyVotes(count: count, limit: limit) }
        guard votes.bitmap.fits(count: books[index].validators.count) else {
            throw .bitmapMismatch
        }
        let signers = votes.bitmap.signers
        guard !signers.isEmpty else { throw .empty }
        guard !signers.contains(where: { block.named.contains($0) }) else { throw .alreadyNamed }
        do throws(VerificationError) {
            _ = try Verified(
                votes, instance: books[index].instance, validators: books[index].validators,
                allowingPartial: true, signatures: signatures)
        } catch {
            throw .invalid(error)
        }
        block.named.formUnion(votes.bitmap)
        write(block, into: &state)
        for signer in signers {
            books[index].counts.seats[Int(signer)].named.increase()
        }
    }

    private static func open<Base: StateReader>(
        _ epoch: Epoch, known: [ValidatorSet], _ books: inout [Book], in state: State<Base>
    ) -> Int? {
        if let index = books.firstIndex(where: { $0.epoch == epoch }) { return index }
        guard
            let counts: ParticipationCounts = state.read(.staking(.participation(epoch))),
            let instance = state.read(.epoch(epoch), as: EpochRecord.self)?.instance,
            let validators = validators(of: epoch, known: known, in: state),
            validators.count == counts.seats.count
        else { return nil }
        books.append(
            Book(epoch: epoch, instance: instance, validators: validators, counts: counts))
        return books.count - 1
    }

    /// n of an epoch that has begun.
    private static func seatCount<Base: StateReader>(
        of epoch: Epoch, in state: State<Base>
    ) -> Int {
        let counts: ParticipationCounts? = state.read(.staking(.participation(epoch)))
        return counts?.seats.count ?? 0
    }

    // MARK: Leading

    /// What a leader names of the votes that it holds: those that are not named yet, for the newest
    /// blocks first where there is no room for all.
    static func unnamed<Base: StateReader>(
        _ held: [Verified<Certificate>], context: BlockContext, in state: State<Base>
    ) -> [Participation] {
        let newestFirst = held.map(\.value).sorted {
            ($0.epoch, $0.view) > ($1.epoch, $1.view)
        }
        var room = 2 * seatCount(of: context.epoch, in: state)
        var chosen: [Certificate] = []
        for votes in newestFirst {
            guard room > 0, chosen.count < Limits.participationEntriesMax else { break }
            guard votes.kind == .notarize,
                chosen.last.map({ $0.epoch != votes.epoch || $0.view != votes.view }) ?? true,
                let block = block(of: votes, context, in: state),
                block.named.bytes.count == votes.bitmap.bytes.count,
                let rest = votes.excluding(block.named, limit: room)
            else { continue }
            room -= rest.signatures.count
            chosen.append(rest)
        }
        return chosen.reversed().map { Participation(notarizations: $0) }
    }
}

extension Certificate {
    /// The votes of other signers, at most so many, as a partial certificate; nil if there is none.
    fileprivate func excluding(_ signers: SignerBitmap, limit: Int) -> Certificate? {
        var rest = SignerBitmap(count: 8 * bitmap.bytes.count)
        var signatures: [Signature] = []
        for (signer, signature) in zip(bitmap.signers, self.signatures)
        where signatures.count < limit && !signers.contains(signer) {
            rest.insert(signer)
            signatures.append(signature)
        }
        guard !signatures.isEmpty else { return nil }
        return Certificate(
            epoch: epoch, view: view, statement: statement, isPartial: true, bitmap: rest,
            signatures: signatures)
    }
}

extension UInt32 {
    /// One more, unless it is the greatest.
    fileprivate mutating func increase() {
        if self < .max { self += 1 }
    }
}
