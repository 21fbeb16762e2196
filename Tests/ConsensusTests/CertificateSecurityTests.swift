import Chain
import Codec
import Cryptography
import Testing

/// Certificates from hostile hands: really signed, then changed.
@Suite struct CertificateSecurityTests {
    static let instance = TestKeys.instance(powers: [1, 1, 1, 1])
    static let candidate = Candidate(parentView: View(3), blockHash: Digest(.block, [1]))

    static func certificate(
        _ statement: Statement = .finalize(candidate), signers: [UInt16] = [0, 1, 2]
    ) -> Certificate {
        Verified<Certificate>(
            assembling: signers.map {
                .restored(TestKeys.vote($0, view: 4, statement, in: instance))
            }, validatorCount: 4, isPartial: false
        ).value
    }

    func isAccepted(_ bytes: [UInt8]) -> Bool {
        guard let certificate = try? Certificate(decoding: bytes) else { return false }
        return (try? Verified<Certificate>(certificate, in: Self.instance)) != nil
    }

    @Test(arguments: [.notarize(candidate), .nullify, .finalize(candidate)] as [Statement])
    func `a quorum of good signatures is accepted`(statement: Statement) {
        #expect(isAccepted(Self.certificate(statement).encoded()))
    }

    @Test(arguments: [.notarize(candidate), .nullify, .finalize(candidate)] as [Statement])
    func `SEC-01 a certificate with any byte changed is refused`(statement: Statement) {
        let bytes = Self.certificate(statement).encoded()
        for index in bytes.indices {
            for flip in [0x01, 0x80] as [UInt8] {
                var changed = bytes
                changed[index] ^= flip
                #expect(!isAccepted(changed), "byte \(index)")
            }
        }
    }

    @Test func `SEC-02 a bitmap of any other length is refused`() {
        let certificate = Self.certificate()
        for length in 0...64 where length != 1 {
            var writer = ByteWriter()
            writer.write(UInt8(0x13))
            writer.write(certificate.epoch)
            writer.write(certificate.view)
            writer.write(Self.candidate)
            writer.write(UInt8(length))
            var bitmap = [UInt8](repeating: 0, count: length)
            if length > 0 { bitmap[0] = certificate.bitmap.bytes[0] }
            writer.writeBytes(bitmap)
            for signature in certificate.signatures { writer.write(signature) }
            #expect(!isAccepted(writer.bytes), "length \(length)")
        }
    }

    @Test func `SEC-02 a bit beyond the set is refused`() {
        for bit in 4..<8 {
            var bytes = Self.certificate().encoded()
            let position = 1 + 8 + 8 + 40 + 1
            bytes[position] |= 1 << UInt8(bit)
            bytes += [UInt8](repeating: 1, count: 64)
            #expect(!isAccepted(bytes))
        }
    }

    @Test(arguments: [0, 1, UInt64(Int64.max), .max])
    func `SEC-03 a vote of any signer outside the set is refused`(epoch: UInt64) {
        let good = TestKeys.vote(0, view: 4, .nullify, in: Self.instance)
        var refused = 0
        for signer in UInt16(4)...UInt16.max {
            let vote = Vote(
                epoch: Epoch(epoch), view: good.view, signer: signer, statement: .nullify,
                signature: good.signature)
            do throws(VerificationError) {
                _ = try Verified<Vote>(vote, in: Self.instance)
            } catch {
                let expected =
                    epoch == 0
                    ? VerificationError.signerOutOfRange(signer) : .unverifiable(Epoch(epoch))
                refused += error == expected ? 1 : 0
            }
        }
        #expect(refused == 65_532)
    }

    @Test func `SEC-03 the signature of another seat is refused`() {
        let good = TestKeys.vote(0, view: 4, .nullify, in: Self.instance)
        for signer in 1...3 as ClosedRange<UInt16> {
            let vote = Vote(
                epoch: good.epoch, view: good.view, signer: signer, statement: .nullify,
                signature: good.signature)
            #expect(throws: VerificationError.badSignature) {
                try Verified<Vote>(vote, in: Self.instance)
            }
        }
    }

    @Test(arguments: 0..<3)
    func `SEC-05 one bad signature among good ones is refused`(position: Int) {
        let good = Self.certificate()
        var signatures = good.signatures
        signatures[position] =
            TestKeys.vote(
                UInt16(position), view: 5, good.statement, in: Self.instance
            ).signature
        let bad = Certificate(
            epoch: good.epoch, view: good.view, statement: good.statement, isPartial: false,
            bitmap: good.bitmap, signatures: signatures)
        #expect(throws: VerificationError.badSignature) {
            try Verified<Certificate>(bad, in: Self.instance)
        }
    }

    /// The case of the row: a hundred validators, whose quorum is 67.
    @Test func `SEC-05 one bad signature among 67 is refused, wherever it stands`() throws {
        let powers = [UInt64](repeating: 1, count: 100)
        let instance = TestKeys.instance(powers: powers)
        let statement = Statement.finalize(Self.candidate)
        var bitmap = SignerBitmap(count: 100)
        var signatures: [Signature] = []
        for signer in 0..<67 as Range<UInt16> {
            bitmap.insert(signer)
            signatures.append(
                TestKeys.vote(signer, view: 4, statement, in: instance).signature)
        }
        func certificate(_ signatures: [Signature]) -> Certificate {
            Certificate(
                epoch: .zero, view: View(4), statement: statement, isPartial: false,
                bitmap: bitmap, signatures: signatures)
        }
        _ = try Verified<Certificate>(certificate(signatures), in: instance)
        for position in [0, 1, 33, 65, 66] {
            var bad = signatures
            bad[position] = signatures[(position + 1) % 67]
            #expect(throws: VerificationError.badSignature) {
                try Verified<Certificate>(certificate(bad), in: instance)
            }
        }
    }

    /// Whatever was verified before, the next bytes are verified for themselves.
    @Test func `P13 SEC-06 a verified vote says nothing of another by the same signer`() throws {
        let other = Candidate(parentView: View(3), blockHash: Digest(.block, [2]))
        let votes = [Statement.notarize(Self.candidate), .notarize(other)].map {
            TestKeys.vote(1, view: 4, $0, in: Self.instance)
        }
        for _ in 0..<2 {
            for vote in votes { _ = try Verified<Vote>(vote, in: Self.instance) }
            for (vote, signature) in zip(votes, votes.reversed().map(\.signature)) {
                let crossed = Vote(
                    epoch: vote.epoch, view: vote.view, signer: vote.signer,
                    statement: vote.statement, signature: signature)
                #expect(throws: VerificationError.badSignature) {
                    try Verified<Vote>(crossed, in: Self.instance)
                }
            }
        }
        let good = Self.certificate()
        _ = try Verified<Certificate>(good, in: Self.instance)
        var signatures = good.signatures
        signatures.swapAt(0, 1)
        let swapped = Certificate(
            epoch: good.epoch, view: good.view, statement: good.statement, isPartial: false,
            bitmap: good.bitmap, signatures: signatures)
        #expect(throws: VerificationError.badSignature) {
            try Verified<Certificate>(swapped, in: Self.instance)
        }
    }

    @Test func `SEC-07 nobody is no set, and no signer no certificate`() throws {
        #expect(throws: ValidatorSetError.empty) { try ValidatorSet([]) }
        #expect(throws: DecodeError.invalidValue(type: "ValidatorSet")) {
            try ValidatorSet(decoding: [0])
        }
        for isPartial in [false, true] {
            for count in 0...9 {
                let empty = Certificate(
                    epoch: .zero, view: View(4), statement: .nullify, isPartial: isPartial,
                    bitmap: SignerBitmap(count: count), signatures: [])
                #expect(!isAccepted(empty.encoded()))
                #expect(throws: VerificationError.self) {
                    try Verified<Certificate>(
                        empty, in: Self.instance, allowingPartial: true)
                }
            }
        }
    }

    @Test(arguments: [1, 2, UInt64(Int64.max), .max])
    func `SEC-07 a certificate of an unknown epoch is unverifiable, and nobody's fault`(
        epoch: UInt64
    ) {
        let good = Self.certificate()
        let other = Certificate(
            epoch: Epoch(epoch), view: good.view, statement: good.statement, isPartial: false,
            bitmap: good.bitmap, signatures: good.signatures)
        #expect(throws: VerificationError.unverifiable(Epoch(epoch))) {
            try Verified<Certificate>(other, in: Self.instance)
        }
        #expect(!VerificationError.unverifiable(Epoch(epoch)).isSendersFault)
    }

    /// Evidence of views and epochs that are not here yet, or never will be, is dropped.
    @Test(arguments: [0, 1, 5, 1 << 62, UInt64(Int64.max), UInt64(Int64.max) + 1, .max])
    func `SEC-12 evidence of any epoch and view is verified or refused`(number: UInt64) throws {
        func pair(epoch: UInt64, view: UInt64, signer: UInt16) throws -> Evidence {
            let votes = [Statement.nullify, .finalize(Self.candidate)].map { statement in
                let vote = TestKeys.vote(0, view: view, statement, in: Self.instance)
                return Vote(
                    epoch: Epoch(epoch), view: vote.view, signer: signer, statement: statement,
                    signature: vote.signature)
            }
            return try #require(Evidence(votes[0], votes[1]))
        }
        let far = try pair(epoch: 0, view: number, signer: 0)
        #expect(try Evidence(decoding: far.encoded()) == far)
        _ = try Verified<Evidence>(far, in: Self.instance)
        #expect(throws: VerificationError.signerOutOfRange(.max)) {
            try Verified<Evidence>(
                try pair(epoch: 0, view: number, signer: .max), in: Self.instance)
        }
        guard number > 0 else { return }
        #expect(throws: VerificationError.unverifiable(Epoch(number))) {
            try Verified<Evidence>(
                try pair(epoch: number, view: 4, signer: 0), in: Self.instance)
        }
    }

    @Test func `two of four are below the quorum, and of another epoch unverifiable`() {
        let two = Self.certificate(.nullify, signers: [0, 3])
        #expect(throws: VerificationError.belowQuorum(power: 2, total: 4)) {
            try Verified<Certificate>(two, in: Self.instance)
        }
        let good = Self.certificate()
        let other = Certificate(
            epoch: Epoch(1), view: good.view, statement: good.statement, isPartial: false,
            bitmap: good.bitmap, signatures: good.signatures)
        #expect(throws: VerificationError.unverifiable(Epoch(1))) {
            try Verified<Certificate>(other, in: Self.instance)
        }
    }

    @Test func `a partial certificate passes only where one is expected`() throws {
        let partial = Verified<Certificate>(
            assembling: [.restored(TestKeys.vote(2, view: 4, .nullify, in: Self.instance))],
            validatorCount: 4, isPartial: true
        ).value
        #expect(throws: VerificationError.partialNotExpected) {
            try Verified<Certificate>(partial, in: Self.instance)
        }
        _ = try Verified<Certificate>(partial, in: Self.instance, allowingPartial: true)
    }

    /// A signature says which content, view and instance it is for, and its place names the signer:
    /// nothing else of a vote is used, and nothing of these can be changed.
    @Test(arguments: [.notarize(candidate), .nullify, .finalize(candidate)] as [Statement])
    func `P30 SEC-26 a vote with any byte changed is refused`(statement: Statement) throws {
        let vote = TestKeys.vote(1, view: 4, statement, in: Self.instance)
        let bytes = vote.encoded()
        #expect(bytes.count == (statement == .nullify ? 83 : 123))
        _ = try Verified<Vote>(vote, in: Self.instance)
        for index in bytes.indices {
            for flip in [0x01, 0x02, 0x80] as [UInt8] {
                var changed = bytes
                changed[index] ^= flip
                let other = try? Vote(decoding: changed)
                let verified = other.flatMap { try? Verified<Vote>($0, in: Self.instance) }
                #expect(verified == nil, "byte \(index)")
            }
        }
    }

    /// Two finalizations of one view: whoever signed both is convicted by these signatures alone.
    @Test func `P24 the signers of two conflicting certificates are found and proven`() throws {
        let other = Candidate(parentView: View(3), blockHash: Digest(.block, [2]))
        let first = try Verified<Certificate>(
            Self.certificate(.finalize(Self.candidate), signers: [0, 1, 2]), in: Self.instance)
        let second = try Verified<Certificate>(
            Self.certificate(.finalize(other), signers: [1, 2, 3]), in: Self.instance)
        var power: UInt64 = 0
        for vote in first.votes {
            let contrary = second.votes.first { $0.value.signer == vote.value.signer }
            guard let contrary else { continue }
            let evidence = try #require(Evidence(vote.value, contrary.value))
            _ = try Verified<Evidence>(evidence, in: Self.instance)
            power += Self.instance.validators.validator(at: vote.value.signer)?.power ?? 0
        }
        #expect(power == 2)
        #expect(Self.instance.validators.hasOneHonest(power))
    }
}
