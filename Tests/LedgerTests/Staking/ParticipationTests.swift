import Chain
import Codec
import Cryptography
import StateTree
import Testing

@testable import Ledger

@Suite struct ParticipationTests {
    /// A chain of so many blocks, each of which names all votes for the one before.
    private static func world(
        blocks: Int = 3, validators: Int = 4, epochLength: UInt64 = 50
    ) throws -> EpochWorld {
        var world = try EpochWorld(validators: validators, epochLength: epochLength)
        for _ in 0..<blocks { try world.appendNamed() }
        return world
    }

    /// What a verifier says of the next block with these entries.
    private static func rejection(
        _ entries: [Certificate], _ world: EpochWorld,
        signatures: SignatureCheck = .ed25519
    ) throws -> (index: Int, ParticipationRejection)? {
        let header = try world.built(world.job()).block.header
        let context = BlockContext(header: header, parentTimestamp: world.head.timestamp)
        do throws(BlockRejection) {
            _ = try Ledger.execute(
                [], participation: entries.map { Participation(notarizations: $0) },
                context: context, over: world.state, signatures: signatures)
            return nil
        } catch {
            guard case .participation(let index, let rejection) = error else {
                Issue.record("\(error)")
                return nil
            }
            return (index, rejection)
        }
    }

    private static func counts(_ world: EpochWorld, _ epoch: Epoch? = nil) throws
        -> ParticipationCounts
    {
        let counts = Queries.participation(in: epoch ?? world.epoch, over: world.state)
        return try #require(counts)
    }

    // MARK: Counting

    @Test func `votes that blocks name are counted, and every view is its leader's slot`() throws {
        var world = try Self.world(blocks: 8)
        try world.appendNamed(without: [2])
        let counts = try Self.counts(world)
        #expect(counts.blocks == 9)
        #expect(counts.seats.map(\.named) == [8, 8, 7, 8])
        // Nine views: two rounds of four, and one.
        var schedule = LeaderSchedule(seed: world.instance.seed, count: 4)
        let ninth = Int(schedule.leader(of: View(9)))
        for seat in 0..<4 {
            #expect(counts.seats[seat].slots == (seat == ninth ? 3 : 2))
            #expect(counts.seats[seat].led == counts.seats[seat].slots)
            #expect(counts.expected(of: seat) == 9 + UInt64(counts.seats[seat].slots))
            #expect(
                counts.done(by: seat)
                    == counts.expected(of: seat) - (seat == 2 ? 2 : 1))
        }
    }

    @Test func `a leader leaves out what was named, and a late vote is named later`() throws {
        var world = try Self.world(blocks: 2)
        let header = try #require(world.last)
        try world.append(participation: [world.votes(for: header, without: [1, 3])])
        let late = try world.append(participation: [world.votes(for: header)])
        let entry = try #require(late.block.body.participation.first?.notarizations)
        #expect(entry.bitmap.signers == [1, 3])
        #expect(try Self.counts(world).seats.map(\.named) == [2, 2, 2, 2])
        // Once more: nothing is left of it.
        let nothing = try world.append(participation: [world.votes(for: header)])
        #expect(nothing.block.body.participation.isEmpty)
    }

    @Test func `a view without a block is a slot that its leader missed`() throws {
        var world = try Self.world(blocks: 0)
        try world.append(skipping: 5)
        let counts = try Self.counts(world)
        #expect(counts.blocks == 1)
        #expect(counts.seats.map(\.slots).reduce(0, +) == 6)
        #expect(counts.seats.map(\.led).reduce(0, +) == 1)
        var schedule = LeaderSchedule(seed: world.instance.seed, count: 4)
        #expect(counts.seats[Int(schedule.leader(of: View(6)))].led == 1)
    }

    @Test(arguments: [15, 16, 17, 1_000_000, UInt64.max - 2])
    func `of a gap of many views only the last four rounds count`(_ gap: UInt64) throws {
        var world = try Self.world(blocks: 0)
        try world.append(skipping: gap - 1)
        let counts = try Self.counts(world)
        #expect(counts.seats.map(\.slots).reduce(0, +) == UInt32(min(gap, 16)))
        #expect(counts.seats.map(\.led).reduce(0, +) == 1)
        if gap > 16 {
            #expect(Set(counts.seats.map(\.slots)).count <= 3)
        }
    }

    // MARK: What is not valid

    @Test func `every wrong form makes a block invalid`() throws {
        let world = try Self.world(blocks: 4)
        let last = try #require(world.last)
        let good = world.votes(for: last)
        #expect(try Self.rejection([good], world) == nil)
        #expect(try Self.rejection([], world) == nil)
        func reason(_ entries: [Certificate]) throws -> ParticipationRejection? {
            try Self.rejection(entries, world)?.1
        }
        // Kinds and fullness.
        #expect(try reason([good.changed(isPartial: false)]) == .wrongKind)
        #expect(try reason([good.changed(statement: .finalize(last.candidate))]) == .wrongKind)
        #expect(try reason([good.changed(statement: .nullify)]) == .wrongKind)
        // What is named.
        let other = Candidate(parentView: last.parentView, blockHash: world.genesis.hash)
        let moved = Candidate(parentView: .zero, blockHash: last.hash)
        for wrong in [
            good.changed(statement: .notarize(other)), good.changed(statement: .notarize(moved)),
            good.changed(view: View(9)), good.changed(view: .zero), good.changed(view: View(.max)),
            good.changed(epoch: Epoch(1)), good.changed(epoch: Epoch(.max)),
        ] {
            #expect(try reason([wrong]) == .unknownBlock(wrong.epoch, wrong.view))
        }
        // Order: twice the same, and the newer one first.
        #expect(try Self.rejection([good, good], world)?.index == 1)
        #expect(try reason([good, good]) == .unordered)
        // Bits.
        let none = Certificate(
            epoch: good.epoch, view: good.view, statement: good.statement, isPartial: true,
            bitmap: SignerBitmap(count: 4), signatures: [])
        #expect(try reason([none]) == .empty)
        for count in [0, 12] {
            let wide = Certificate(
                epoch: good.epoch, view: good.view, statement: good.statement, isPartial: true,
                bitmap: SignerBitmap(count: count), signatures: [])
            #expect(try reason([wide]) == .bitmapMismatch)
        }
        var beyond = good.bitmap
        beyond.insert(5)
        let extra = Certificate(
            epoch: good.epoch, view: good.view, statement: good.statement, isPartial: true,
            bitmap: beyond, signatures: good.signatures + [good.signatures[0]])
        #expect(try reason([extra]) == .bitmapMismatch)
        // Signatures: one bad, or two exchanged.
        var exchanged = good.signatures
        exchanged.swapAt(0, 1)
        #expect(
            try reason([good.changed(signatures: exchanged)]) == .invalid(.badSignature))
        var forged = good.signatures
        forged[3] = Signature([UInt8](repeating: 0, count: 64))
        #expect(try reason([good.changed(signatures: forged)]) == .invalid(.badSignature))
    }

    @Test func `what is named is not named again, and entries are in order`() throws {
        var world = try Self.world(blocks: 2)
        let first = try #require(world.last)
        try world.append(participation: [world.votes(for: first, without: [0])])
        let second = try #require(world.last)
        let older = world.votes(for: first, without: [1, 2, 3])
        let newer = world.votes(for: second)
        #expect(try Self.rejection([older, newer], world) == nil)
        #expect(try Self.rejection([newer, older], world)?.1 == .unordered)
        let again = world.votes(for: first)
        #expect(try Self.rejection([again, newer], world)?.1 == .alreadyNamed)
        #expect(try Self.rejection([again, newer], world)?.index == 0)
    }

    @Test func `an executor refuses a body whose record is wrong`() throws {
        let world = try Self.world()
        let last = try #require(world.last)
        let good = try world.built(
            world.job(participation: [world.votes(for: last)])
        ).block
        #expect(world.verdict(good) == .valid)
        #expect(good.header.participationRoot != .zero)
        let half = Participation(notarizations: world.votes(for: last, without: [0]))
        let body = BlockBody(transactions: [], participation: [half])
        var header = good.header
        header.participationRoot = body.participationRoot
        // The votes are good, but the state is another one.
        #expect(world.verdict(Block(header: header, body: body)) == .invalid)
        let bad = Participation(
            notarizations: world.votes(
                for: last,
                candidate: Candidate(parentView: .zero, blockHash: world.genesis.hash)))
        let wrong = BlockBody(transactions: [], participation: [bad])
        header.participationRoot = wrong.participationRoot
        #expect(world.verdict(Block(header: header, body: wrong)) == .invalid)
    }

    @Test func `a block names at most 2n votes, for the newest blocks first`() throws {
        var world = try Self.world(blocks: 1)
        var headers: [Header] = []
        for _ in 0..<3 {
            try world.append()
            headers.append(try #require(world.last))
        }
        let all = headers.map { world.votes(for: $0) }
        let two = [all[1], all[2]]
        #expect(try Self.rejection(two, world) == nil)
        let one = world.votes(for: headers[0], without: [0, 1, 2])
        let rejection = try Self.rejection([one] + two, world)
        #expect(rejection?.1 == .tooManyVotes(count: 9, limit: 8))
        #expect(rejection?.index == 2)
        let built = try world.append(participation: all).block.body.participation
        #expect(built.map(\.notarizations) == two)
        let rest = try world.append(participation: all).block.body.participation
        #expect(rest.map(\.notarizations) == [all[0]])
    }

    @Test func `what a leader holds of other chains is left out`() throws {
        var world = try Self.world()
        let last = try #require(world.last)
        let good = world.votes(for: last)
        let lies = [
            good.changed(view: View(.max)), good.changed(epoch: Epoch(7)),
            good.changed(
                statement: .notarize(
                    Candidate(parentView: last.parentView, blockHash: world.genesis.hash))),
        ]
        let block = try world.append(participation: lies + [good, good]).block
        #expect(block.body.participation.map(\.notarizations) == [good])
    }

    // MARK: Edges

    @Test func `votes can be named for the last 255 blocks`() throws {
        var world = try EpochWorld(epochLength: 400)
        try world.append()
        let first = try #require(world.last)
        try world.append()
        let second = try #require(world.last)
        while world.head.height < Height(256) { try world.append() }
        // The next block has height 257.
        #expect(try Self.rejection([world.votes(for: second)], world) == nil)
        let late = world.votes(for: first)
        #expect(try Self.rejection([late], world)?.1 == .unknownBlock(.zero, View(1)))
        try world.append(participation: [world.votes(for: second), late])
        #expect(try Self.counts(world).seats.map(\.named) == [1, 1, 1, 1])
    }

    @Test func `votes of an epoch are named until the end of the next one`() throws {
        var world = try EpochWorld(epochLength: 3)
        try world.append()
        let early = try #require(world.last)
        while world.epoch == .zero { try world.append() }
        let boundary = try #require(world.last)
        #expect(boundary.height == Height(3))
        // The first block of the next epoch.
        try world.append(participation: [world.votes(for: boundary, without: [0])])
        try world.append()
        #expect(try Self.counts(world, .zero).seats.map(\.named) == [0, 1, 1, 1])
        #expect(try Self.counts(world).seats.map(\.named) == [0, 0, 0, 0])
        // The last block of the next epoch.
        try world.append(participation: [world.votes(for: early)])
        #expect(world.epoch == Epoch(2))
        #expect(Queries.participation(in: .zero, over: world.state) == nil)
        #expect(try Self.counts(world, Epoch(1)).blocks == 3)
        let late = world.votes(for: boundary, without: [1, 2, 3])
        #expect(try Self.rejection([late], world)?.1 == .unknownBlock(.zero, View(3)))
    }

    @Test func `votes count in the set of their own epoch`() throws {
        // The second set is larger, and in another order.
        let election = Election { facts in
            facts.records.enumerated().map { index, record in
                Validator(key: record.consensusKey, power: UInt64(100 - index))
            }
        }
        var world = try EpochWorld(validators: 9, epochLength: 2, election: election)
        while world.epoch < Epoch(2) { try world.append() }
        let boundary = try #require(world.last)
        #expect(boundary.epoch == Epoch(1))
        try world.append(participation: [world.votes(for: boundary)])
        let last = try #require(world.last)
        try world.append(participation: [world.votes(for: last, without: [8])])
        #expect(
            try Self.counts(world, Epoch(2)).seats.map(\.named)
                == [1, 1, 1, 1, 1, 1, 1, 1, 0])
    }

    @Test func `a boundary block that was proposed again counts once, by its first view`() throws {
        var world = try EpochWorld(epochLength: 2)
        while world.epoch == .zero { try world.append() }
        let boundary = try #require(world.last)
        // Votes of a later view for the same block stand on another parent view.
        let again = world.votes(
            for: boundary,
            candidate: Candidate(parentView: boundary.view, blockHash: boundary.hash)
        ).changed(view: boundary.view.advanced(by: 1))
        #expect(try Self.rejection([again], world)?.1 == .unknownBlock(.zero, again.view))
        try world.append(participation: [again, world.votes(for: boundary)])
        let counts = try Self.counts(world, .zero)
        #expect(counts.blocks == 2)
        #expect(counts.seats.map(\.named) == [1, 1, 1, 1])
    }

    @Test func `any bytes that decode as a record are judged`() throws {
        let world = try Self.world()
        let last = try #require(world.last)
        let bytes = Participation(notarizations: world.votes(for: last)).encoded()
        let header = try world.built(world.job()).block.header
        let context = BlockContext(header: header, parentTimestamp: world.head.timestamp)
        var random = SeededGenerator(seed: 4)
        var decoded = 0
        for _ in 0..<1_500 {
            var mutated = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                mutated[Int.random(in: 0..<mutated.count, using: &random)] =
                    UInt8.random(in: 0...255, using: &random)
            }
            guard let entry = try? Participation(decoding: mutated), mutated != bytes else {
                continue
            }
            decoded += 1
            #expect(throws: BlockRejection.self) {
                try Ledger.execute(
                    [], participation: [entry], context: context, over: world.state)
            }
        }
        #expect(decoded > 100)
    }

    @Test func `sets that the caller brings are taken only if they are the chain's`() throws {
        let world = try Self.world()
        let last = try #require(world.last)
        let header = try world.built(world.job()).block.header
        let context = BlockContext(header: header, parentTimestamp: world.head.timestamp)
        let wrong = try ValidatorSet([Validator(key: EpochWorld.key(9), power: 5)])
        let entry = Participation(notarizations: world.votes(for: last))
        var roots: Set<Digest> = []
        for sets in [[], [wrong], [wrong, world.instance.validators]] {
            let execution = try Ledger.execute(
                [], participation: [entry], context: context, over: world.state, sets: sets)
            roots.insert(execution.outcome.stateRoot)
        }
        #expect(roots.count == 1)
    }
}

extension Certificate {
    /// The same with another field.
    fileprivate func changed(
        epoch: Epoch? = nil, view: View? = nil, statement: Statement? = nil,
        isPartial: Bool? = nil, signatures: [Signature]? = nil
    ) -> Certificate {
        Certificate(
            epoch: epoch ?? self.epoch, view: view ?? self.view,
            statement: statement ?? self.statement, isPartial: isPartial ?? self.isPartial,
            bitmap: bitmap, signatures: signatures ?? self.signatures)
    }
}
