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

    @Test func `SEC-03 a vote of any signer outside the set is refused`() {
        let good = TestKeys.vote(0, view: 4, .nullify, in: Self.instance)
        for signer in UInt16(4)...UInt16.max where signer % 251 == 0 || signer > 65_530 {
            let vote = Vote(
                epoch: good.epoch, view: good.view, signer: signer, statement: .nullify,
                signature: good.signature)
            #expect(throws: VerificationError.signerOutOfRange(signer)) {
                try Verified<Vote>(vote, in: Self.instance)
            }
        }
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
}
